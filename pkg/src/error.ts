// The error class of the package, the errors of the engine's results, and the reporting of exceptions.

/**
 * Error of the package or the server. `code` is for programs:
 *
 * - from this package: `bad_url`, `no_websocket`, `not_loaded`, `bad_client_id`, `bad_value`, `bad_argument` (of a type or out
 *   of a range that the function does not take, or an option that there is not), `duplicate` (another subscription reads this stream already), `bad_topic`,
 *   `too_many_subscriptions`, `queue_full` (1,024 sends or 4 MiB wait already), `too_large`, `closed`, `storage`, `token` (the
 *   application's token function failed, and is asked again), `bad_asset` (not what its envelope states, or above the limit),
 *   `unreachable` (an asset that cannot be fetched), `page` (a function of the page, called by the engine, threw);
 * - from the server: `unknown_channel`, `not_permitted`, `unavailable` (the server cannot accept the client now, for example because
 *   its credentials cannot be checked; the client comes back by itself), `no_handler`, `refused`, `bad_payload` …
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

/** Errors of the engine's negative results: the first is that of -1, the second that of -2, and so on. */
const ENGINE_ERRORS: [code: string, message: string][] = [
  ["duplicate", "another subscription of this client reads this stream already"],
  ["bad_topic", "a topic has 1 to 255 bytes of UTF-8"],
  ["too_many_subscriptions", "too many subscriptions in one client"],
  ["queue_full", "too many sends wait for the server's answer"],
  ["too_large", "the message is larger than the server takes: 1 MiB, if its limits do not say otherwise"],
  ["closed", "the client is closed: its status says why"],
  ["bad_argument", "the name of a channel has 1 to 255 bytes of UTF-8"],
  ["bad_argument", "the engine does not take this subscription"],
];

/** Returns a result of the engine, or throws its error. */
export function accepted(answer: number): number {
  const error = ENGINE_ERRORS[-1 - answer];
  if (error) throw new PushError(...error);
  return answer;
}

/** The text of a thrown value of any type. */
export function thrownText(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return "a value without a text";
  }
}

/** Reports an exception of the application's code as uncaught, without stopping the caller. */
export function reportUncaught(error: unknown): void {
  if (typeof reportError === "function") reportError(error);
  else console.error(error);
}
