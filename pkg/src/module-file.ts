// A module that is a file of its own, loaded by the page.
import type { InitInput } from "../engine/engine.js";
import { pageAddress } from "./address.js";
import { checkObject } from "./arguments.js";
import type { Engine } from "./engine.js";
import { PushError } from "./error.js";
import { loadError } from "./load-error.js";

/** Loads a module and starts it: wasm-bindgen's `init`. */
export type Init = (options: { module_or_path: InitInput }) => Promise<unknown>;

/** A module that is loaded once, for all clients of the page. */
export class ModuleFile {
  private readonly init: Init;
  private readonly engine: Engine;
  private isLoaded = false;
  /** Error of a source from which it could not be loaded. */
  private failure: PushError | undefined;

  constructor(init: Init, engine: Engine) {
    this.init = init;
    this.engine = engine;
  }

  /** Loads it. Where there is no page, a URL that cannot be loaded is the error of the first client that needs the module. */
  async load(source: string | object): Promise<void> {
    if (typeof source !== "string") checkObject("source", source);
    try {
      await this.init({ module_or_path: source as InitInput });
    } catch (cause) {
      const isUrl = typeof source === "string" || source instanceof URL;
      const error = cause instanceof PushError ? cause : loadError(cause, isUrl ? source : undefined);
      if (!isUrl || pageAddress() !== undefined) throw error;
      this.failure = error;
      return;
    }
    this.isLoaded = true;
  }

  /** The module. Throws `not_loaded` unless it is loaded. */
  get(): Engine {
    if (this.isLoaded) return this.engine;
    throw this.failure ?? new PushError("not_loaded", "await initWasm(…) before connect(…)");
  }
}
