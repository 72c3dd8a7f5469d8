// Entry `push-wire/slim`: the client, with the WebAssembly module loaded by the page.
import init from "../engine/engine.js";
import { Client } from "./client.js";
import { ModuleFile } from "./module-file.js";
import { packageEngine } from "./package-engine.js";
import type { Address, AnyChannels, Options } from "./types.js";

export * from "./exports.js";

const module = new ModuleFile(init, packageEngine);

/**
 * Loads the engine from a source that the page gives: `push-wire/push-wire.wasm`, as a URL, a `Response` or a
 * promise of one, bytes, or a compiled `WebAssembly.Module`. Node.js fetches no `file:` URL: give it the bytes. Await it before
 * the first `connect`. Rejects with `not_loaded`.
 *
 * Where there is no page, a URL that cannot be loaded is the error of the first `connect` that needs the module: a server that
 * renders pages needs none.
 */
export function initWasm(source: string | object): Promise<void> {
  return module.load(source);
}

/** Connects to a push-wire server and returns at once. Throws `not_loaded` before `initWasm` is done. */
export function connect<Channels extends object = AnyChannels>(
  url: Address,
  options: Options = {},
): Client<Channels> {
  return new Client<Channels>(url, options, () => module.get());
}
