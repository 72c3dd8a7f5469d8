// Start of the WebAssembly module.
import { AssetCheck, Engine, type Host, initSync, type SyncInitInput } from "../engine/engine.js";
import { PushError } from "./error.js";

export { AssetCheck, Engine, type Host };

let memory: WebAssembly.Memory | undefined;

/** Compiles and starts the module; once is enough for all clients of a page. */
export function start(module: () => SyncInitInput): void {
  memory ??= initSync({ module: module() }).memory;
}

/** Remembers the memory of a module that was started otherwise. */
export function started(of: WebAssembly.Memory): void {
  memory ??= of;
}

/** The started module's memory. */
export function engineMemory(): WebAssembly.Memory {
  if (memory) return memory;
  throw new PushError("not_loaded", "await initWasm(…) before connect(…)");
}
