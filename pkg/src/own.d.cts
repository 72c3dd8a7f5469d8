// Types of `require("push-wire/own")`: those of the ES module.
import type * as module from "./own.js" with { "resolution-mode": "import" };

export type * from "./own.js" with { "resolution-mode": "import" };
export declare const ownPackage: typeof module.ownPackage;
export declare const PushError: typeof module.PushError;
export type PushError = module.PushError;
