// Start of the WebAssembly module.
import { AssetCheck, type ClientHooks, initSync, PageClient, type PageSubscription, type StreamHooks, type SyncInitInput } from "../engine/engine.js";
import { PushError } from "./error.js";

export { AssetCheck, type ClientHooks, PageClient, type PageSubscription, type StreamHooks };

let isStarted = false;

/** Compiles and starts the module; once is enough for all clients of a page. */
export function start(module: () => SyncInitInput): void {
  if (!isStarted) initSync({ module: module() });
  isStarted = true;
}

/** Records that the module was started otherwise. */
export function started(): void {
  isStarted = true;
}

/** Throws unless the module was started. */
export function checkStarted(): void {
  if (!isStarted) throw new PushError("not_loaded", "await initWasm(…) before connect(…)");
}
