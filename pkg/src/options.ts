// Checks and defaults of a client's settings.
import { badArgument, checkBoolean, checkFunction, checkNames, checkObject, checkText, isInteger } from "./arguments.js";
import { PushError } from "./error.js";
import type { Options, WebSocketClass } from "./types.js";

/** Bounds of `maxMessageBytes`: room for the handshake, and the engine's 32-bit sizes. */
const MIN_MESSAGE_BYTES = 4096;
const MAX_MESSAGE_BYTES = 2 ** 31 - 1;

/** The names of the settings. */
const NAMES: Record<keyof Options, true> = {
  token: true,
  clientId: true,
  storage: true,
  storageKey: true,
  WebSocket: true,
  maxMessageBytes: true,
  compression: true,
};

/** Throws `bad_argument` for a setting of a wrong type, and for one that there is not. */
export function checkOptions(options: Options): void {
  checkNames(options, NAMES);
  const { token = "", clientId, storage = null, storageKey = "", WebSocket, compression = true } = options;
  if (typeof token !== "string" && typeof token !== "function") throw badArgument("token", token, "a string or a function");
  if (clientId !== undefined) checkText("clientId", clientId);
  if (storage !== null) {
    checkObject("storage", storage);
    checkFunction("storage.getItem", storage.getItem);
    checkFunction("storage.setItem", storage.setItem);
  }
  checkText("storageKey", storageKey);
  if (WebSocket !== undefined) checkFunction("WebSocket", WebSocket);
  checkBoolean("compression", compression);
}

/** The setting `maxMessageBytes`, or its default. */
export function messageBytes(wanted = 1024 * 1024): number {
  if (isInteger(wanted, MIN_MESSAGE_BYTES, MAX_MESSAGE_BYTES)) return wanted;
  throw badArgument("maxMessageBytes", wanted, `a whole number from ${MIN_MESSAGE_BYTES} to ${MAX_MESSAGE_BYTES}`);
}

/** The WebSocket class of the settings or of the runtime. */
export function socketClass(options: Options): WebSocketClass {
  const found = options.WebSocket ?? (globalThis as { WebSocket?: WebSocketClass }).WebSocket;
  if (found) return found;
  throw new PushError("no_websocket", "this runtime has no WebSocket: pass a class in options.WebSocket");
}
