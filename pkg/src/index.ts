// Entry `push-wire`: the client with the WebAssembly module inside the bundle.
import wasm from "../engine/engine.text";
import { initSync } from "../engine/engine.js";
import { Client } from "./client.js";
import type { Engine } from "./engine.js";
import { loadError } from "./load-error.js";
import { moduleBytes } from "./module-text.js";
import { packageEngine } from "./package-engine.js";
import type { Address, AnyChannels, Options } from "./types.js";

export * from "./exports.js";

let isStarted = false;

/** Compiles and starts the module; once is enough for all clients of a page. */
function start(): Engine {
  if (isStarted) return packageEngine;
  try {
    initSync({ module: moduleBytes(wasm) });
  } catch (cause) {
    throw loadError(cause);
  }
  isStarted = true;
  return packageEngine;
}

/**
 * Connects to a push-wire server and returns at once.
 *
 * @param url absolute (`https://host/rps`, `wss://…`) or relative to the page; without a path it is `/rps`. On a server that
 * renders pages a client with a relative URL is idle.
 * @example
 * const client = connect<{ chat: { text: string } }>("/rps");
 * client.on("chat", (entry) => console.log(entry.value.text));
 */
export function connect<Channels extends object = AnyChannels>(
  url: Address,
  options: Options = {},
): Client<Channels> {
  // Not at the top of the module, which bundlers may leave out.
  return new Client<Channels>(url, options, start);
}
