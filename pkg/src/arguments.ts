// Checks of the arguments that the application gives: TypeScript finds most mistakes earlier, programs without types do not.
import { PushError } from "./error.js";
import type { ReadOptions, Signal } from "./types.js";

/** The error for an argument that is not as its function takes it. */
export function badArgument(name: string, value: unknown, wanted: string): PushError {
  return new PushError("bad_argument", `${name} is ${describe(value)}; it must be ${wanted}`, { argument: name });
}

export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== "function") throw badArgument(name, value, "a function");
}

export function checkObject(name: string, value: unknown): void {
  if (typeof value !== "object" || value === null) throw badArgument(name, value, "an object");
}

/** Checks an object of options; `known` has all names that it may have. */
export function checkNames<Options extends object>(options: Options, known: Record<keyof Options, true>): void {
  checkObject("options", options);
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(known, name));
  if (unknown === undefined) return;
  const names = Object.keys(known).join(", ");
  throw new PushError("bad_argument", `there is no option ${describe(unknown)}; the options are ${names}`, { argument: unknown });
}

/** Checks an `AbortSignal`, also one of another realm. */
export function checkSignal(signal: unknown): void {
  if (signal === undefined) return;
  const { aborted, addEventListener } = Object(signal) as Partial<Signal>;
  if (typeof aborted !== "boolean" || typeof addEventListener !== "function") throw badArgument("signal", signal, "an AbortSignal");
}

export function checkBoolean(name: string, value: unknown): void {
  if (typeof value !== "boolean") throw badArgument(name, value, "true or false");
}

/** A lone surrogate would be sent as U+FFFD: as another text. */
export function checkText(name: string, value: unknown): void {
  if (typeof value !== "string") throw badArgument(name, value, "a string");
  if (/\p{Surrogate}/u.test(value)) throw badArgument(name, value, "a string without lone surrogates");
}

/** Checks the name of a stream; its length is the session's to check. */
export function checkStream(channel: unknown, topic: unknown): void {
  checkText("channel", channel);
  if (topic !== undefined) checkText("topic", topic);
}

export function checkReadOptions(options: ReadOptions): void {
  checkNames(options, { topic: true, inbox: true, from: true, persist: true, signal: true });
  const { inbox = false, from = "oldest", persist = false, topic, signal } = options;
  checkSignal(signal);
  checkBoolean("inbox", inbox);
  checkBoolean("persist", persist);
  if (inbox && topic !== undefined) throw new PushError("bad_argument", "a stream is a topic or the inbox, not both", { argument: "inbox" });
  if (from === "oldest" || from === "newest") return;
  if (typeof from !== "object" || from === null) throw badArgument("from", from, '"oldest", "newest" or a position');
  const { epoch, cursor, tag = 0 } = from;
  if (typeof epoch !== "string" || !/^[0-9a-f]{16}$/.test(epoch)) {
    throw badArgument("from.epoch", epoch, "a string of 16 hexadecimal digits, in lower case");
  }
  if (typeof cursor !== "bigint" || cursor < 0n || cursor >= 2n ** 64n) {
    throw badArgument("from.cursor", cursor, "a BigInt from 0 to 2^64 - 1");
  }
  if (!isInteger(tag, 0, 2 ** 32 - 1)) throw badArgument("from.tag", tag, "a whole number from 0 to 2^32 - 1");
}

export function isInteger(value: unknown, least: number, greatest: number): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= least && value <= greatest;
}

/** Longest part of a text that a message quotes, in UTF-16 units. */
const QUOTED = 64;

/** A value of any type as a message shows it. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.length > QUOTED ? `${value.slice(0, QUOTED)}…` : value);
    case "bigint":
      return `${value}n`;
    case "object":
      return value === null ? "null" : "an object";
    case "function":
    case "symbol":
      return `a ${typeof value}`;
    default:
      return String(value);
  }
}
