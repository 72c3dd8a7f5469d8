// Client on a server that renders pages: there is no page to connect from.
import type { Page, Reading } from "./core.js";
import { PushError } from "./error.js";
import type { Stats } from "./types.js";

/** Counters of a client that has done nothing. */
export const NO_STATS: Stats = {
  messagesIn: 0,
  messagesOut: 0,
  bytesIn: 0,
  bytesOut: 0,
  entries: 0,
  valueBytes: 0,
  deltas: 0,
  compressed: 0,
  dictionaries: 0,
  dictionariesFailed: 0,
  repeats: 0,
  gaps: 0,
};

const READING: Reading = { position: () => undefined, head: () => undefined, free() {} };

/** The error of what needs a page. */
export function idleError(): PushError {
  const advice = "call it in the page: in an event handler or an effect";
  return new PushError("idle", `the client has a relative URL and there is no page, as on a server that renders pages: ${advice}`);
}

/** Stands for a client of the module. Subscriptions get nothing, and it keeps none of them: a server may render without end. */
export const IDLE_PAGE: Page = {
  id: () => "",
  start() {},
  stats: () => NO_STATS,
  watchStats() {},
  subscribe: () => READING,
  encode() {
    throw idleError();
  },
  send() {
    throw idleError();
  },
  withdraw() {},
  setToken() {},
  connect() {},
  interrupt() {},
  close() {},
  free() {},
};
