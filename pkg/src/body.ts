// Bodies of the messages that are sent.
import { PushError, thrownText } from "./error.js";

const utf8 = new TextEncoder();

/** The JSON text of a value. */
export function encode(value: unknown): Uint8Array {
  let text: string | undefined;
  try {
    text = JSON.stringify(value, expressible);
  } catch (cause) {
    throw new PushError("bad_value", `the value cannot be sent as JSON: ${thrownText(cause)}`, { cause });
  }
  if (text !== undefined) return utf8.encode(text);
  throw new PushError("bad_value", `a value of type ${typeof value} cannot be sent`);
}

/** Kinds of objects that `JSON.stringify` writes as {}. */
const FORMLESS = new Set(["Blob", "File", "FormData", "Map", "Promise", "Set", "WeakMap", "WeakRef", "WeakSet"]);

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
function expressible(key: string, value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) throw new RangeError(`${value}${place(key)} has no form in JSON`);
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    throw new TypeError(`bytes${place(key)} have no form in JSON; a message of bytes is sent as a Uint8Array`);
  }
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  if (FORMLESS.has(kind)) throw new TypeError(`a ${kind}${place(key)} has no form in JSON`);
  return value;
}

function place(key: string): string {
  return key === "" ? "" : ` in ${JSON.stringify(key)}`;
}
