/**
 * Why something was not done. `code` is for programs:
 *
 * - from this package: `bad_url`, `no_websocket`, `not_loaded`, `bad_client_id`, `bad_value`, `bad_argument` (of another type
 *   than the function takes), `duplicate` (another subscription reads this stream already), `bad_topic`, `too_many_subscriptions`, `queue_full` (1,024 sends or 4 MiB wait
 *   already), `too_large`, `closed`, `storage`, `token`;
 * - from the server: `unknown_channel`, `not_permitted`, `no_handler`, `refused`, `bad_payload` …, and a handler's own codes.
 */
export class PushError extends Error {
  override readonly name = "PushError";

  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const TEXTS: Record<string, string> = {
  bad_client_id: "a client id is a UUID",
  bad_topic: "a topic has 1 to 255 bytes of UTF-8",
  closed: "the client is closed: its status says why",
  duplicate: "another subscription of this client reads this stream already",
  queue_full: "too many sends wait for the server's answer",
  too_large: "the message is larger than the server takes: 1 MiB, if its limits do not say otherwise",
  too_many_subscriptions: "too many subscriptions in one client",
};

/** Calls the engine, which throws codes as bare strings. */
export function calling<T>(call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    if (typeof thrown !== "string") throw thrown;
    throw new PushError(thrown, TEXTS[thrown] ?? thrown);
  }
}

/** Reports an error of the application's own code as if nobody had caught it, without stopping anything. */
export function reportUncaught(error: unknown): void {
  if (typeof reportError === "function") reportError(error);
  else console.error(error);
}
