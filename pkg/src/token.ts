import type { Core } from "./core.js";
import { PushError } from "./error.js";
import type { Options, Status } from "./types.js";

/** Close code of credentials that the server refused. */
const UNAUTHORIZED = 4200;

/**
 * Keeps the engine supplied with the application's credential. A function is asked before the first attempt and again
 * after each lost connection; when the server refuses what it last gave, it is asked once more before the client gives up.
 */
export class TokenSource {
  readonly #core: Core;
  readonly #get: Exclude<Options["token"], string | undefined> | undefined;
  readonly #failed: (error: PushError) => void;
  #current: string | undefined;
  #askedAgain = false;

  constructor(core: Core, token: Options["token"], failed: (error: PushError) => void) {
    this.#core = core;
    this.#failed = failed;
    if (typeof token === "function") this.#get = token;
    else this.#use(token);
  }

  /** Connects, as soon as there is a credential. */
  connect(): void {
    if (!this.#get) return this.#core.engine.connect();
    void this.#renew().then((renewed) => {
      if (renewed && !this.#core.closed) this.#core.engine.connect();
    });
  }

  /** Looks after a fresh credential as the connection goes. */
  status({ phase, code }: Status): void {
    if (phase === "connected") this.#askedAgain = false;
    if (!this.#get) return;
    if (phase === "waiting") void this.#renew();
    if (phase === "closed" && code === UNAUTHORIZED && !this.#askedAgain) {
      this.#askedAgain = true;
      this.connect();
    }
  }

  async #renew(): Promise<boolean> {
    try {
      const token = await this.#get?.();
      if (!this.#core.closed) this.#use(token);
      return true;
    } catch (cause) {
      this.#failed(new PushError("token", `the application's token function failed: ${cause}`, { cause }));
      return false;
    }
  }

  #use(token: string | undefined): void {
    if (token === this.#current) return;
    this.#current = token;
    this.#core.engine.setToken(token);
  }
}
