// Entry `push-wire/own`: the client around a WebAssembly module of the application's own.
import { checkFunction } from "./arguments.js";
import { Client } from "./client.js";
import type { Engine } from "./engine.js";
import { PushError } from "./error.js";
import { type Init, ModuleFile } from "./module-file.js";
import type { Address, AnyChannels, Options } from "./types.js";

export * from "./exports.js";

/** Version of this package: the bundler's constant. */
declare const PACKAGE_VERSION: string;

/** Class that the Rust macro `export_client!` exports from a module, as wasm-bindgen declares it. */
export interface ExportedClient {
  open(url: string, options: never, hooks: never): object;
  checkAsset(size: number, sha256: string, limit: number): object;
  /** Version of the crate `push-wire-client-wasm` in the module. */
  version(): string;
}

/** Functions of a package around a module of its own. */
export interface OwnPackage<Channels extends object> {
  /**
   * Loads the module from a URL, a `Response` or a promise of one, bytes, or a compiled `WebAssembly.Module`. Rejects with
   * `not_loaded`, also where the crate `push-wire-client-wasm` in the module has another version than this package.
   */
  initWasm(source: string | object): Promise<void>;
  /**
   * Connects to a push-wire server and returns at once. Throws `not_loaded` before `initWasm` is done. A channel that the
   * module does not have is refused with `unknown_channel`, without a request to the server.
   */
  connect(url: Address, options?: Options): Client<Channels>;
}

/**
 * The functions of a package around a module of its own.
 *
 * @param exported class of `export_client!`, from the JavaScript file that wasm-bindgen wrote
 * @param init default export of that file
 */
export function ownPackage<Channels extends object = AnyChannels>(
  exported: ExportedClient,
  init: (options: { module_or_path: never }) => Promise<unknown>,
): OwnPackage<Channels> {
  checkFunction("exported", exported);
  checkFunction("init", init);
  const module = new ModuleFile(checked(exported, init as Init), exported as unknown as Engine);
  return {
    initWasm: (source) => module.load(source),
    connect: (url, options = {}) => new Client<Channels>(url, options, () => module.get()),
  };
}

/** `init`, and the check that module and package are of one version: calls between them differ from version to version. */
function checked(exported: ExportedClient, init: Init): Init {
  return async (options) => {
    await init(options);
    const version = exported.version();
    if (version === PACKAGE_VERSION) return;
    throw new PushError(
      "not_loaded",
      `its crate push-wire-client-wasm has the version ${version}, and the npm package push-wire ${PACKAGE_VERSION}: build the module with the package's version`,
    );
  };
}
