// Bodies of the messages that are sent.
import { PushError, thrownText } from "./error.js";

const utf8 = new TextEncoder();

/** The JSON text of a value. */
export function encode(value: unknown): Uint8Array {
  return utf8.encode(sendable(value, () => JSON.stringify(value, expressibleInJson)));
}

/** The result of `make`, which throws or returns `undefined` for a value that cannot be sent. */
export function sendable<T>(value: unknown, make: () => T | undefined): T {
  let made: T | undefined;
  try {
    made = make();
  } catch (cause) {
    throw new PushError("bad_value", `the value cannot be sent: ${thrownText(cause)}`, { cause, argument: "value" });
  }
  if (made !== undefined) return made;
  throw new PushError("bad_value", `a value of type ${typeof value} cannot be sent`, { argument: "value" });
}

/** Kinds of objects that `JSON.stringify` writes as {}. */
const FORMLESS = new Set(["Blob", "File", "FormData", "Map", "Promise", "Set", "WeakMap", "WeakRef", "WeakSet"]);

/** Returns whether a value is a `Uint8Array`, of this realm or of another one, such as a frame, or Node.js in a test under jsdom. */
export function isByteArray(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && kindOf(value) === "Uint8Array";
}

/** The bytes themselves; throws if their buffer is detached, as by a transfer to a worker. */
export function attached(bytes: Uint8Array): Uint8Array {
  try {
    bytes.at(0);
    return bytes;
  } catch (cause) {
    throw new PushError("bad_argument", "the buffer of the bytes is detached", { cause });
  }
}

/** Refuses values that `JSON.stringify` would change silently: some numbers to null, bytes and collections to an object. */
export function expressible(key: string, value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) throw new RangeError(`${value}${place(key)} has no form in JSON`);
  if (kindOf(value) === "ArrayBuffer" || ArrayBuffer.isView(value)) {
    throw new TypeError(`bytes${place(key)} have no form in JSON; a message of bytes is sent as a Uint8Array`);
  }
  const kind = kindOf(value);
  if (FORMLESS.has(kind)) throw new TypeError(`a ${kind}${place(key)} has no form in JSON`);
  return value;
}

function expressibleInJson(key: string, value: unknown): unknown {
  if (typeof value !== "bigint") return expressible(key, value);
  throw new TypeError(`the BigInt ${value}n${place(key)} has no form in JSON; it has one with the option encoding: "msgpack"`);
}

/** The name of a value's class, as `Object.prototype.toString` gives it. */
export function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

export function place(key: string): string {
  return key === "" ? "" : ` in ${JSON.stringify(key)}`;
}
