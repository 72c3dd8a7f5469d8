// Start of the WebAssembly module.
import { AssetCheck, type ClientHooks, initSync, PageClient, type PageSubscription, type StreamHooks, type SyncInitInput } from "../engine/engine.js";
import { PushError, thrownText } from "./error.js";

export { AssetCheck, type ClientHooks, PageClient, type PageSubscription, type StreamHooks };

let isStarted = false;
/** Error of a URL from which the module could not be loaded. */
let failure: { readonly url: object | string; readonly cause: unknown } | undefined;

/** Compiles and starts the module; once is enough for all clients of a page. */
export function start(module: () => SyncInitInput): void {
  if (!isStarted) initSync({ module: module() });
  isStarted = true;
}

/** Records that the module was started otherwise. */
export function started(): void {
  isStarted = true;
}

/** Records that the module could not be loaded from a URL. */
export function notStarted(url: object | string, cause: unknown): void {
  failure = { url, cause };
}

/** Throws unless the module was started. */
export function checkStarted(): void {
  if (isStarted) return;
  if (!failure) throw new PushError("not_loaded", "await initWasm(…) before connect(…)");
  const { url, cause } = failure;
  const advice = "Node.js fetches no file: URL; give initWasm the bytes of the file";
  throw new PushError("not_loaded", `${url} could not be loaded: ${thrownText(cause)}; ${advice}`, { cause });
}
