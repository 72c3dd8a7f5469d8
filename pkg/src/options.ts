// Checks of a client's settings.
import { badArgument, checkBoolean, checkFunction, checkNames, checkObject, checkSignal, checkText, isInteger } from "./arguments.js";
import { PushError } from "./error.js";
import type { Options, RetryOptions } from "./types.js";

/** Bounds of `maxMessageBytes`: room for the handshake, and the engine's 32-bit sizes. */
const MIN_MESSAGE_BYTES = 4096;
const MAX_MESSAGE_BYTES = 2 ** 31 - 1;

/** Longest delay of an attempt, in milliseconds: a day. */
const MAX_RETRY = 24 * 60 * 60 * 1000;

const UUID = /^[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}$/i;

/** The names of the settings. */
const NAMES: Record<keyof Options, true> = {
  token: true,
  clientId: true,
  persist: true,
  storage: true,
  storageKey: true,
  WebSocket: true,
  maxMessageBytes: true,
  compression: true,
  encoding: true,
  transport: true,
  retry: true,
  signal: true,
  shared: true,
};

const TRANSPORTS = ["auto", "websocket", "sse"];

const PLACES: unknown[] = ["tab", "device", false];

const ENCODINGS = ["json", "msgpack", "cbor"];

/** Throws `bad_argument` for a setting of a wrong type, and for one that there is not. */
export function checkOptions(options: Options): void {
  checkNames(options, NAMES);
  const { token = "", clientId, storage = null, storageKey = "", persist = "tab", WebSocket, compression = true } = options;
  if (typeof token !== "string" && typeof token !== "function") throw badArgument("token", token, "a string or a function");
  if (clientId !== undefined) {
    checkText("clientId", clientId);
    if (!UUID.test(clientId)) throw new PushError("bad_client_id", `"${clientId}" is not a UUID`, { argument: "clientId" });
  }
  if (storage !== null) {
    checkObject("storage", storage);
    checkFunction("storage.getItem", storage.getItem);
    checkFunction("storage.setItem", storage.setItem);
    checkOwn(storage);
  }
  checkText("storageKey", storageKey);
  if (!PLACES.includes(persist)) throw badArgument("persist", persist, '"tab", "device" or false');
  if (storage !== null && options.persist !== undefined) {
    throw new PushError("bad_argument", "persist is given beside storage: each says where positions are kept; give one of them", { argument: "persist" });
  }
  if (WebSocket !== undefined) checkFunction("WebSocket", WebSocket);
  checkBoolean("compression", compression);
  checkBoolean("shared", options.shared ?? false);
  checkSignal(options.signal);
  const { transport = "auto", encoding = "json", retry = {}, maxMessageBytes = MIN_MESSAGE_BYTES } = options;
  if (!TRANSPORTS.includes(transport)) throw badArgument("transport", transport, '"auto", "websocket" or "sse"');
  if (!ENCODINGS.includes(encoding)) throw badArgument("encoding", encoding, '"json", "msgpack" or "cbor"');
  checkRetry(retry);
  if (!isInteger(maxMessageBytes, MIN_MESSAGE_BYTES, MAX_MESSAGE_BYTES)) {
    throw badArgument("maxMessageBytes", maxMessageBytes, `a whole number from ${MIN_MESSAGE_BYTES} to ${MAX_MESSAGE_BYTES}`);
  }
}

/** Refuses the storage that all tabs share: two live pages would use one client id, and each other's positions. */
function checkOwn(storage: object): void {
  let shared: unknown;
  try {
    shared = (globalThis as { localStorage?: unknown }).localStorage;
  } catch {
    // The page may not use it.
  }
  if (storage !== shared) return;
  throw new PushError("bad_argument", 'storage is localStorage, which all tabs share: persist: "device" keeps positions on the device', { argument: "storage" });
}

function checkRetry(retry: RetryOptions): void {
  checkNames(retry, { initial: true, max: true, factor: true, jitter: true, attempts: true });
  const { initial = 0, max = 0, factor = 1, jitter = true, attempts = 1 } = retry;
  for (const [name, time] of Object.entries({ initial, max })) {
    if (!isInteger(time, 0, MAX_RETRY)) throw badArgument(`retry.${name}`, time, `a whole number of milliseconds from 0 to ${MAX_RETRY}`);
  }
  if (typeof factor !== "number" || !(factor >= 1 && factor < Infinity)) throw badArgument("retry.factor", factor, "a number from 1 on");
  checkBoolean("retry.jitter", jitter);
  if (!isInteger(attempts, 1, 2 ** 32 - 1)) throw badArgument("retry.attempts", attempts, "a whole number from 1 to 2^32 - 1");
}
