// Types of `require("push-wire/react")`: those of the ES module.
import type * as module from "./react.js" with { "resolution-mode": "import" };

export type * from "./react.js" with { "resolution-mode": "import" };
export declare const useChannel: typeof module.useChannel;
export declare const useDocument: typeof module.useDocument;
export declare const usePushStatus: typeof module.usePushStatus;
