// Types of `require("push-wire")`: those of the ES module.
import type * as module from "./index.js" with { "resolution-mode": "import" };

export type * from "./index.js" with { "resolution-mode": "import" };
export declare const connect: typeof module.connect;
export declare const PushError: typeof module.PushError;
export type PushError = module.PushError;
