// The push-wire client for pages of the orders service: its channels are compiled into the module.
import { ownPackage } from "push-wire/own";

import init, { OrdersClient } from "../engine/engine.js";
import type { Channels } from "./channels.js";

export { PushError } from "push-wire/own";
export type * from "./channels.js";

const { connect, initWasm } = ownPackage<Channels>(OrdersClient, init);
await initWasm(new URL("../engine/engine.wasm", import.meta.url));

export { connect };
