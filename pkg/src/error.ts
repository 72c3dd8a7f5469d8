// The error class of the package, and the reporting of exceptions.

/**
 * Codes of this package:
 *
 * - `bad_url`, `bad_client_id`, `bad_value`, `bad_topic`, `bad_argument`: an argument that the function does not take; the
 *   error's `argument` names it;
 * - `no_crypto`, `no_websocket`, `not_loaded`, `closed`, `too_many_subscriptions`: the client cannot do it now;
 * - `idle`: there is no page, as on a server that renders pages;
 * - `queue_full` (1,024 sends or 4 MiB wait already), `too_large`: the message was not queued;
 * - `storage`, `token` (the application's token function failed, and is asked again), `page` (a function of the page threw);
 * - `bad_asset` (not what its envelope states, or above the limit), `unreachable` (an asset that cannot be fetched);
 * - `internal`: a fault of this package, after which the client is closed.
 */
export type PackageErrorCode =
  | "bad_argument"
  | "bad_asset"
  | "bad_client_id"
  | "bad_topic"
  | "bad_url"
  | "bad_value"
  | "closed"
  | "idle"
  | "internal"
  | "no_crypto"
  | "no_websocket"
  | "not_loaded"
  | "page"
  | "queue_full"
  | "storage"
  | "token"
  | "too_large"
  | "too_many_subscriptions"
  | "unreachable";

/** Codes of the server (docs/protocol.md section 9), as far as this version knows them. */
export type ServerErrorCode =
  | "bad_frame"
  | "bad_op"
  | "bad_payload"
  | "bad_subscription"
  | "bad_topic"
  | "epoch_changed"
  | "expired"
  | "handler_failed"
  | "no_handler"
  | "not_permitted"
  | "other"
  | "rate_limited"
  | "refused"
  | "store_unavailable"
  | "too_large"
  | "too_many_subscriptions"
  | "unavailable"
  | "unknown_channel";

/** A code of an error; a later server may send others. */
export type ErrorCode = PackageErrorCode | ServerErrorCode | (string & {});

/** Codes of errors that may be gone when the same is tried again. */
const RETRYABLE = new Set<ErrorCode>(["queue_full", "rate_limited", "store_unavailable", "storage", "token", "unavailable", "unreachable"]);

/** Details of an error. */
interface Details extends ErrorOptions {
  argument?: string | undefined;
  retryMs?: number | undefined;
}

/** Error of the package or the server. */
export class PushError extends Error {
  /** The class's name in a console, also in a minified bundle. */
  static override readonly name = "PushError";
  override readonly name = "PushError";
  /** Kind, for programs. */
  readonly code: ErrorCode;
  /** The same may succeed later. */
  readonly retryable: boolean;
  /** Name of the argument that is wrong. */
  declare readonly argument?: string;
  /** Milliseconds after which the server may carry out the same; only of `rate_limited`. */
  declare readonly retryMs?: number;

  constructor(code: ErrorCode, message: string, { argument, retryMs, ...options }: Details = {}) {
    super(message, options);
    this.code = code;
    this.retryable = RETRYABLE.has(code);
    if (argument !== undefined) this.argument = argument;
    if (retryMs !== undefined) this.retryMs = retryMs;
  }
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
