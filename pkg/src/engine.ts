// Start of the WebAssembly module.
import { AssetCheck, type ClientHooks, initSync, PageClient, type PageSubscription, type StreamHooks, type SyncInitInput } from "../engine/engine.js";
import { PushError } from "./error.js";
import { loadError } from "./load-error.js";

export { AssetCheck, type ClientHooks, PageClient, type PageSubscription, type StreamHooks };

let isStarted = false;
/** Error of a source from which the module could not be loaded. */
let failure: PushError | undefined;

/** Compiles and starts the module; once is enough for all clients of a page. */
export function start(module: () => SyncInitInput): void {
  if (isStarted) return;
  try {
    initSync({ module: module() });
  } catch (cause) {
    throw loadError(cause);
  }
  isStarted = true;
}

/** Records that the module was started otherwise. */
export function started(): void {
  isStarted = true;
}

/** Records that the module could not be loaded. */
export function notStarted(error: PushError): void {
  failure = error;
}

/** Throws unless the module was started. */
export function checkStarted(): void {
  if (!isStarted) throw failure ?? new PushError("not_loaded", "await initWasm(…) before connect(…)");
}
