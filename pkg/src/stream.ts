// Reading of one stream: entries and outcomes as the application sees them.
import { checkReadOptions, checkStream } from "./arguments.js";
import { type Core, freeing, type Reading } from "./core.js";
import type { StreamHooks } from "./engine.js";
import type { Entry, Outcome, Position, ReadOptions, Skipped } from "./types.js";

/** Bytes of an entry: of its value, and of the frame that carried it. */
export interface Size {
  readonly value: number;
  readonly wire: number;
}

/** Receiver of a stream's entries and outcomes, in order. */
export interface StreamListener {
  /** The next entry follows when a promise that is returned has settled. */
  entry(entry: Entry<unknown>, size: Size): unknown;
  /** Returns whether there are listeners. */
  outcome(outcome: Outcome): boolean;
  skipped?(skipped: Skipped): void;
  /** The reading has ended; nothing follows. */
  closed?(): void;
}

/** A statement about a stream, as the module gives it. */
type Statement = Outcome | ({ readonly type: "skipped" } & Skipped);

/** A listener to one stream. Listeners to the same stream share one subscription. Not extensible, as the {@link Core}. */
export class Stream implements StreamHooks {
  private readonly core: Core;
  private readonly channel: string;
  private readonly options: ReadOptions;
  private readonly listener: StreamListener;
  private readonly subscription: Reading;
  private readonly free: () => void;
  private readonly ending = () => this.close();
  private last: Position | undefined;
  private epoch: string;
  private isOver = false;

  constructor(core: Core, channel: string, options: ReadOptions, listener: StreamListener) {
    core.check();
    checkReadOptions(options);
    checkStream(channel, options.topic);
    this.core = core;
    this.channel = channel;
    this.options = options;
    this.listener = listener;
    const { topic, inbox = false, from, persist = false, signal } = options;
    const position = typeof from === "object" ? from : undefined;
    this.subscription = core.page.subscribe({ channel, topic, inbox, newest: from === "newest", position, persist }, this);
    this.free = freeing(this.subscription);
    this.epoch = this.position?.epoch ?? "";
    Object.preventExtensions(this);
    core.add(this);
    if (signal?.aborted) this.close();
    else signal?.addEventListener("abort", this.ending);
  }

  /** Position up to which entries were handled. */
  get position(): Position | undefined {
    return this.isOver || this.core.closed ? this.last : this.subscription.position();
  }

  /** Cursor of the newest known entry. */
  get head(): bigint | undefined {
    return this.isOver || this.core.closed ? undefined : this.subscription.head();
  }

  /** The reading has ended. */
  get over(): boolean {
    return this.isOver;
  }

  /** Ends the reading. */
  close(): void {
    if (this.isOver) return;
    this.end();
    this.listener.closed?.();
  }

  private end(): void {
    this.isOver = true;
    this.options.signal?.removeEventListener("abort", this.ending);
    // Absent after a panic of the module, and where the client is idle.
    if (!this.core.remove(this)) return;
    this.last = this.subscription.position();
    this.free();
  }

  entry(
    cursor: bigint,
    tag: number,
    value: unknown,
    bytes: Uint8Array | undefined,
    replayed: boolean,
    valueBytes: number,
    wireBytes: number,
  ): unknown {
    const { channel, epoch } = this;
    const entry = { channel, topic: this.options.topic, epoch, cursor, tag, value, bytes, replayed };
    return this.listener.entry(entry, { value: valueBytes, wire: wireBytes });
  }

  event(statement: Statement): void {
    if (statement.type === "skipped") {
      const { count, position } = statement;
      this.listener.skipped?.({ count, position });
      return;
    }
    if (statement.type !== "ended") {
      this.epoch = statement.position.epoch;
      this.listener.outcome(statement);
      return;
    }
    this.end();
    const isHeard = this.listener.outcome(statement);
    this.listener.closed?.();
    if (!isHeard) this.core.fault(statement.reason, notRead(this.channel, this.options, statement));
  }
}

/** Message of a subscription that the server has ended; it names the stream. */
export function notRead(channel: string, { topic, inbox }: ReadOptions, { reason, message }: { reason: string; message: string }): string {
  const place = topic === undefined ? channel : `topic ${topic} of ${channel}`;
  return `${inbox ? `the inbox of ${channel}` : place} is not read: ${message || reason}`;
}
