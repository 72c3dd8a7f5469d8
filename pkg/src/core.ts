// One client of the WebAssembly module: its events, its sends and its end.
import { encode, sendable } from "./body.js";
import type { ClientHooks, Engine, PageClient, PageSubscription } from "./engine.js";
import { type ErrorCode, PushError } from "./error.js";
import { IDLE_PAGE, NO_STATS } from "./idle.js";
import { nodeSocket } from "./node-socket.js";
import { plain } from "./plain.js";
import type { Notice, Options, Signal, Stats, Status } from "./types.js";

/** Receiver of a client's events. */
export interface ClientListener {
  status(status: Status): void;
  notice(notice: Notice): void;
  fault(error: PushError): void;
  /** The counters may have changed; called while they are watched. */
  counted(): void;
}

/** A status as the module gives it. */
type GivenStatus = Omit<Status, "retryAt"> & { /** Milliseconds until the next attempt. */ readonly wait?: number };

/** Phases that have a reason. */
const LOST = new Set<Status["phase"]>(["waiting", "offline", "closed"]);

/** A part of the client that uses the module, and ends with it. */
interface Part {
  close(): void;
}

/** The part of the module's subscription that is used. */
export type Reading = Pick<PageSubscription, "position" | "head" | "free">;

/** The part of the module's client that is used. */
export type Page = Pick<PageClient, "id" | "start" | "stats" | "watchStats" | "encode" | "send" | "withdraw" | "setToken" | "connect" | "interrupt" | "close" | "free"> & {
  subscribe(...given: Parameters<PageClient["subscribe"]>): Reading;
};

/**
 * Frees this object of the module, also when the caller is reached through a proxy, as Vue's `reactive` makes one: the object's
 * own `free`, called on a proxy, leaves the object to the garbage collector, which would free it again.
 */
export function freeing(object: { free(): void }): () => void {
  return () => object.free();
}

/** One client of the module, shared by the parts of a {@link Client}. It is not extensible, so that Vue makes no proxy of it. */
export class Core implements ClientHooks {
  readonly page: Page;
  private readonly parts = new Set<Part>();
  private readonly url: string | undefined;
  private readonly listener: ClientListener;
  /** The sends that wait for the server's answer. */
  private readonly waiting = new Set<(error: PushError) => void>();
  private readonly isJson: boolean;
  private readonly free: () => void;
  /** Removes the listener of {@link follow}. */
  private unfollow = () => {};
  private isClosed = false;
  private knownId = "";
  private knownStats = NO_STATS;

  /** Without a URL and a module the client is idle. */
  constructor(url: string | undefined, engine: Engine | undefined, options: Options, listener: ClientListener) {
    this.url = url;
    this.listener = listener;
    this.isJson = (options.encoding ?? "json") === "json";
    this.page = url === undefined || engine === undefined ? IDLE_PAGE : engine.open(url, { ...nodeSocket(), ...options }, this);
    this.free = freeing(this.page);
    Object.preventExtensions(this);
  }

  /** The client's id, also after its end; empty while it is not known. */
  get id(): string {
    if (!this.isClosed) this.knownId = this.page.id();
    return this.knownId;
  }

  /** The client's counters, also after its end. */
  get stats(): Stats {
    if (!this.isClosed) this.knownStats = this.page.stats() as Stats;
    return this.knownStats;
  }

  /** Has the listener called when the counters may have changed. */
  watchStats(isWanted: boolean): void {
    if (!this.isClosed) this.page.watchStats(isWanted);
  }

  get closed(): boolean {
    return this.isClosed;
  }

  /** Calls `aborted` when the signal is aborted, until the client's end. */
  follow(signal: Signal, aborted: () => void): void {
    signal.addEventListener("abort", aborted);
    this.unfollow = () => signal.removeEventListener("abort", aborted);
  }

  /** Throws when the client is closed. */
  check(): void {
    if (this.isClosed) throw new PushError("closed", "the client is closed");
  }

  /** Adds a part, which ends with the client. An idle one keeps none. */
  add(part: Part): void {
    if (this.url !== undefined) this.parts.add(part);
  }

  /** Removes a part; returns whether there was this part. */
  remove(part: Part): boolean {
    return this.parts.delete(part);
  }

  /** The body of a value. */
  encode(value: unknown): Uint8Array {
    // A server without the wanted encoding takes JSON.
    const binary = this.isJson ? undefined : this.page.encode(sendable(value, () => plain(value)));
    return binary ?? encode(value);
  }

  /** Sends a value's body or bytes; resolves when the server has carried the message out. */
  send(channel: string, topic: string | undefined, isBytes: boolean, body: Uint8Array, signal: Signal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) throw signal.reason;
      let ticket = 0n;
      const settled = () => {
        this.waiting.delete(answered);
        signal?.removeEventListener("abort", abort);
      };
      const answered = (error?: PushError) => {
        settled();
        if (error) reject(error);
        else resolve();
      };
      const abort = () => {
        settled();
        if (!this.isClosed) this.page.withdraw(ticket);
        reject(signal?.reason);
      };
      this.waiting.add(answered);
      signal?.addEventListener("abort", abort);
      try {
        ticket = this.page.send(channel, topic, isBytes, body, answered);
      } catch (error) {
        answered(error as PushError);
      }
    });
  }

  /** Sends a goodbye; there are no more events. */
  close(): void {
    if (this.isClosed) return;
    // Read while there is a client to ask.
    this.knownId = this.page.id();
    this.knownStats = this.page.stats() as Stats;
    this.isClosed = true;
    this.unfollow();
    // First, because the end of a subscription forgets its position, which is kept over a reload.
    this.page.close();
    for (const part of [...this.parts]) part.close();
    // Later, because this may have been called from inside the module.
    queueMicrotask(this.free);
  }

  status({ wait, ...given }: GivenStatus): void {
    this.listener.status({
      ...given,
      ...(wait === undefined ? undefined : { retryAt: Date.now() + Math.ceil(wait) }),
      ...(LOST.has(given.phase) ? { reason: given.reason ?? `no connection to ${this.url}` } : undefined),
    });
  }

  notice(notice: Notice): void {
    this.listener.notice(notice);
  }

  counted(): void {
    this.listener.counted();
  }

  fault(code: string, message: string): void {
    this.listener.fault(new PushError(code as ErrorCode, message));
  }

  error(code: string, message: string, argument?: string, retryMs?: number): PushError {
    return new PushError(code as ErrorCode, message, { argument, retryMs });
  }

  panicked(message: string): void {
    if (this.isClosed) return;
    const error = new PushError("internal", message);
    // The module's objects are left as they are: no call into it is safe any more.
    this.isClosed = true;
    this.unfollow();
    const parts = [...this.parts];
    // Before they end, so that they do not call the module either.
    this.parts.clear();
    for (const part of parts) part.close();
    for (const answered of [...this.waiting]) answered(error);
    this.listener.status({ phase: "closed", transport: null, attempt: 0, reason: message });
    this.listener.fault(error);
  }
}
