// Public types of the package.
import type { ErrorCode } from "./error.js";

declare global {
  // As TypeScript's library `ESNext.Disposable` declares them, for programs that are compiled without it.
  interface SymbolConstructor {
    readonly dispose: unique symbol;
    readonly asyncDispose: unique symbol;
  }
}

/** The part of an `AbortSignal` that is used. */
export interface Signal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** Payload types by channel name, for a client without declared types: any. */
export type AnyChannels = Record<string, any>;

declare const payloads: unique symbol;

/**
 * Payload types of a channel whose directions differ: of the entries that a page reads, and of the messages that it sends;
 * `never` for a direction that the channel does not have. A channel with one type for both is declared by that type alone.
 */
export interface Channel<Read, Send = never> {
  readonly [payloads]: { readonly read: Read; readonly send: Send };
}

/** True for `any`, which satisfies every condition. */
type IsAny<T> = 0 extends 1 & T ? true : false;

/** Type of the entries of a channel that is declared like this. */
export type ReadOf<Declared> = IsAny<Declared> extends true ? any : Declared extends Channel<infer Read, any> ? Read : Declared;

/** Type of the messages on a channel that is declared like this. */
export type SendOf<Declared> = IsAny<Declared> extends true ? any : Declared extends Channel<any, infer Send> ? Send : Declared;

/** Names of the channels that a page can read. */
export type ReadName<Channels> = {
  [Name in keyof Channels & string]: [ReadOf<Channels[Name]>] extends [never] ? never : Name;
}[keyof Channels & string];

/** Names of the channels on which a page can send. */
export type SendName<Channels> = {
  [Name in keyof Channels & string]: [SendOf<Channels[Name]>] extends [never] ? never : Name;
}[keyof Channels & string];

/** A position in a stream: everything of this incarnation of its log up to this entry has been read. */
export interface Position {
  /** Incarnation of the log: 16 hexadecimal digits, in lower case. */
  readonly epoch: string;
  /** Number of the last entry; entries count 1, 2, 3 … in each stream, up to 2^64 - 1. 0: before the first. */
  readonly cursor: bigint;
  /** Random number of that entry, below 2^32, which is checked on return; 0 or left out: not known. */
  readonly tag?: number | undefined;
}

/** One entry of a stream. */
export interface Entry<T> extends Position {
  readonly channel: string;
  /** The topic, if the stream is one. */
  readonly topic: string | undefined;
  /** The value; `undefined` when the entry carries bytes. */
  readonly value: T;
  /** The bytes; `undefined` when the entry carries a value. */
  readonly bytes: Uint8Array | undefined;
  /** True if it was published before the latest outcome: replayed rather than live. */
  readonly replayed: boolean;
}

/** Outcome of a subscribe or resume. */
export type Outcome =
  /**
   * Reading continues exactly after the position; `caughtUp` entries were published meanwhile and follow. Of a state only the
   * newest value follows; where the channel drops entries for slow readers, some may be skipped, and `onSkipped`
   * reports how many.
   */
  | { readonly type: "resumed"; readonly position: Position; readonly caughtUp: number; readonly head: bigint }
  /** Continuity cannot be proved: discard what came from this stream. All entries that the log holds follow. */
  | {
      readonly type: "reset";
      readonly reason: "expired" | "epoch_changed";
      readonly position: Position;
      readonly floor: bigint;
      readonly head: bigint;
    }
  /** The server ended the subscription: `not_permitted`, `store_unavailable`, `unknown_channel` … */
  | { readonly type: "ended"; readonly reason: ErrorCode; readonly message: string };

/**
 * Entries that the server did not send, because the page was further behind than the channel's policy allows. Reading goes on
 * after `position`.
 */
export interface Skipped {
  /** Number of entries. */
  readonly count: number;
  readonly position: Position;
}

/** Stream to read, and position to start from. */
export interface ReadOptions {
  /** Read this topic of the channel. */
  topic?: string;
  /** Read this client's own inbox in the channel. */
  inbox?: boolean;
  /**
   * First entry: the oldest one kept (default), the next one published, or the one after a position that the
   * application kept itself: one that is out of range is `bad_argument`. A position kept from before a reload goes first, unless `persist` is false.
   */
  from?: "oldest" | "newest" | Position;
  /**
   * Keep the position over a reload of the page: reading goes on there. Default false: after a reload the stream is read
   * again from `from` on, so that a list that the page builds from the entries is there again.
   */
  persist?: boolean;
  /** Ends the reading when it is aborted. */
  signal?: Signal;
}

/** Destination of a message inside its channel. */
export interface SendOptions {
  /** The topic that the message is for, 1 to 255 bytes of UTF-8; without one it is for the channel itself. */
  topic?: string;
  /** Withdraws the message when it is aborted. */
  signal?: Signal;
}

/** Handler of entries. If it returns a promise, the next entry follows when that is settled. */
export type Handler<T> = (entry: Entry<T>) => unknown;

/** The part of the Web Storage interface that is used. */
export interface KeyValueStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/** A URL as text or as a `URL`. */
export type Address = string | { readonly href: string };

/** A class with the interface of the browser's WebSocket. */
export type WebSocketClass = new (url: string, protocols: string) => unknown;

/** Result of a token function; null and undefined deny the token. */
export type TokenAnswer = string | null | undefined;

/** Settings of a client; each has a default. A value of a type that is not named here is `bad_argument`, and so is another setting. */
export interface Options {
  /**
   * The application's token (at most 16 KiB), or a function that gets one, which is asked before each attempt to connect;
   * left out: none. A function that throws or rejects is reported to `onFault` and asked again later; so is one that takes
   * longer than 30 s. One that gives `null`, `undefined` or another value that is no string denies the token, which closes
   * the client.
   */
  token?: string | (() => TokenAnswer | Promise<TokenAnswer>);
  /** The client's UUID; default: a random one, kept over a reload of the page. Two pages must never share one. */
  clientId?: string;
  /**
   * Storage of the client's id and positions. `"tab"` (default): in `sessionStorage`, over a reload. `"device"`: in
   * IndexedDB, also after the browser was closed; clients that are open at the same time have ids of their own, and at most
   * eight keep their positions. It needs a page over https or on localhost (Web Locks). `false`: nowhere.
   */
  persist?: "tab" | "device" | false;
  /**
   * The application's own storage of the client's id and positions, in place of `persist`; null for none. It belongs to one
   * tab: `localStorage`, which all tabs share, is refused.
   */
  storage?: KeyValueStorage | null;
  /** Name in the storage; default by the URL. */
  storageKey?: string;
  /** Default: the runtime's own. Node.js before 22 has none: pass the one of the package `ws`. */
  WebSocket?: WebSocketClass;
  /** Largest message taken from the server, in bytes, from 4,096 to 2^31 - 1; default 1 MiB. The server keeps to it. */
  maxMessageBytes?: number;
  /**
   * `auto` (default): WebSocket, and SSE with POST requests where that is blocked or ends again and again; WebSocket again
   * after 5 minutes, then less often. Otherwise only the one that is named.
   */
  transport?: "auto" | "websocket" | "sse";
  /** Schedule of the attempts after a lost connection. */
  retry?: RetryOptions;
  /** Closes the client when it is aborted. */
  signal?: Signal;
  /**
   * Share one connection among the tabs of this origin that have the same URL, `storageKey` and `encoding`, and the same
   * version of this package; default false. To the server they are one client, with one `id`: tabs of different users need
   * different storage keys. Without Web Locks (pages over plain http) or `localStorage` (workers) each client has its own
   * connection.
   */
  shared?: boolean;
  /**
   * True (default) if entries may be sent compressed. The dictionaries for that are fetched from
   * `<url>/dictionaries/…`, over HTTP and through the browser's cache.
   */
  compression?: boolean;
  /**
   * Encoding of values on the connection; default `json`. The values are the same, but for integers beyond 2^53: in
   * `msgpack` and `cbor` these are BigInts, in JSON numbers that are not exact. JSON is the fastest to read.
   */
  encoding?: "json" | "msgpack" | "cbor";
}

/** Schedule of attempts: each delay is drawn evenly from zero to a ceiling, which grows with every attempt that failed in a row. */
export interface RetryOptions {
  /** Ceiling of the first delay, in milliseconds; default 500. */
  initial?: number;
  /** Highest ceiling, in milliseconds; default 20,000. */
  max?: number;
  /** Factor of the ceiling for each attempt that failed in a row, at least 1; default 2. */
  factor?: number;
  /** Draw the delay; default true. Otherwise it is the ceiling itself, and all pages that lost a server return at the same moments. */
  jitter?: boolean;
  /** Attempts that may fail in a row before the client closes; default no limit. */
  attempts?: number;
}

/** State of the connection. */
export interface Status {
  /**
   * `idle`: a client with a relative URL where there is no page, as on a server that renders pages: it does nothing. `waiting`: away, an attempt is set for `retryAt`. `offline`: away, and no attempt while the page is hidden, or
   * few (one after each `retry.max`) while the browser says that there is no network. `closed`: over; see `code` and `reason`.
   */
  readonly phase: "idle" | "connecting" | "connected" | "waiting" | "offline" | "closed";
  /** Transport of the connection; null while there is none. */
  readonly transport: "websocket" | "sse" | null;
  /** Attempts that failed in a row. */
  readonly attempt: number;
  /** When the next attempt begins, in milliseconds as of `Date.now()`. */
  readonly retryAt?: number;
  /** Close code of the last connection, if it had one. */
  readonly code?: number;
  /** Reason for the end of the last connection. */
  readonly reason?: string;
}

/** Notice of the application on the server, which has no effect by itself; `slow` also of the server, at its limits of rates. */
export type Notice =
  /** State of the server: one word, such as `ok`, and a longer description. */
  | { readonly type: "health"; readonly status: string; readonly detail?: string }
  /** The page sends too much; `window`: messages that the server can take at once. */
  | { readonly type: "slow"; readonly window?: number }
  /** Features that the server has, and those that it requests, by names of the application. */
  | { readonly type: "features"; readonly supported: readonly string[]; readonly requested: readonly string[] };

/** A binary asset that the server sends with `send_binary`, as an entry's value: for {@link Client.openAsset}. */
export type BinaryEnvelope = {
  /** Media type, such as `image/png`. */
  readonly mime: string;
  /** SHA-256 of the bytes, in hexadecimal. */
  readonly sha256: string;
  /** Number of bytes. */
  readonly size: number;
  /** File name to show. */
  readonly name?: string | null | undefined;
} & (
  | { readonly kind: "inline"; /** The bytes in base64. */ readonly data_base64: string }
  | { readonly kind: "pointer"; /** URL of the bytes: http, https, or relative to the server. */ readonly url: string }
);

/** An asset whose size and SHA-256 are those of its envelope. */
export interface Asset {
  /** The bytes. */
  readonly buffer: ArrayBuffer;
  /** Media type, as the server states it. */
  readonly mime: string;
  /** File name to show. */
  readonly name: string | undefined;
}

/** Limits of opening an asset. */
export interface AssetOptions {
  /** Largest asset, in bytes; default 16 MiB. */
  maxBytes?: number;
  /** Longest time of a download, in milliseconds; default 60,000. */
  timeoutMs?: number;
}

/** Counters since the client was created. */
export interface Stats {
  readonly messagesIn: number;
  readonly messagesOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Entries given to the application. */
  readonly entries: number;
  /** Bytes of those entries' values, without deltas and compression. */
  readonly valueBytes: number;
  /** Entries received as deltas. */
  readonly deltas: number;
  /** Entries received compressed. */
  readonly compressed: number;
  /** Compression dictionaries fetched. */
  readonly dictionaries: number;
  /** Failed downloads of dictionaries: entries arrive without them, and they are tried again on the next connection. */
  readonly dictionariesFailed: number;
  /** Repeated entries that were dropped. */
  readonly repeats: number;
  /** Losses found and requested again. */
  readonly gaps: number;
}
