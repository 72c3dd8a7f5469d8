// Types of `require("push-wire/slim")`: those of the ES module.
import type * as module from "./slim.js" with { "resolution-mode": "import" };

export type * from "./slim.js" with { "resolution-mode": "import" };
export declare const connect: typeof module.connect;
export declare const initWasm: typeof module.initWasm;
export declare const PushError: typeof module.PushError;
export type PushError = module.PushError;
