// Values for the binary encodings: what `JSON.stringify` would write, and BigInts, as lists and plain objects.
import { expressible, kindOf, place } from "./body.js";

/** Deepest nesting that the server takes. */
const NESTING = 64;

const BOXES = new Set(["BigInt", "Boolean", "Number", "String"]);

/** The value, which `key` names, in lists and plain objects; `undefined` where nothing is written. Throws for one that cannot be sent. */
export function plain(given: unknown, key = "", depth = 0): unknown {
  const value = expressible(key, unboxed(replaced(given, key)));
  if (typeof value === "string") return whole(value, key);
  if (typeof value === "bigint") return within64Bits(value, key);
  if (typeof value !== "object") return typeof value === "number" || typeof value === "boolean" ? value : undefined;
  if (value === null) return null;
  if (depth === NESTING) throw new RangeError(`nested deeper than ${NESTING} levels, or in itself`);
  if (Array.isArray(value)) return Array.from(value, (item, index) => plain(item, String(index), depth + 1) ?? null);
  const entries = Object.entries(value).map(([name, item]) => [whole(name, key), plain(item, name, depth + 1)]);
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
}

/** The result of an object's `toJSON`; the value itself if it has no such method. */
function replaced(value: unknown, key: string): unknown {
  const method = typeof value === "object" && value !== null && "toJSON" in value ? value.toJSON : undefined;
  return typeof method === "function" ? method.call(value, key) : value;
}

function unboxed(value: unknown): unknown {
  return typeof value === "object" && value !== null && BOXES.has(kindOf(value)) ? value.valueOf() : value;
}

/** The text, if it has no lone surrogates, which UTF-8 cannot encode. */
function whole(text: string, key: string): string {
  if (/\p{Surrogate}/u.test(text)) throw new TypeError(`lone surrogate${place(key)}, which UTF-8 cannot encode`);
  return text;
}

function within64Bits(value: bigint, key: string): bigint {
  if (value < -(2n ** 63n) || value >= 2n ** 64n) throw new RangeError(`${value}n${place(key)} is not from -2^63 to 2^64 - 1`);
  return value;
}
