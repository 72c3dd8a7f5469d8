// Reader of one stream: queues entries, calls the handler and reports what was handled.
import { checkReadOptions, checkStream } from "./arguments.js";
import type { Core } from "./core.js";
import { accepted, reportUncaught } from "./error.js";
import { fromHex, writeEpoch } from "./hex.js";
import type { Size, StreamListener } from "./host.js";
import type { Entry, Outcome, Position, ReadOptions, Skipped } from "./types.js";

/** Receiver of a stream's entries and outcomes. */
export interface EntryHandler {
  entry(entry: Entry<unknown>, size: Size): unknown;
  /** Returns whether there are listeners. */
  outcome(outcome: Outcome): boolean;
  skipped?(skipped: Skipped): void;
}

type Item =
  | { readonly entry: Entry<unknown>; readonly size: Size }
  | { readonly skipped: Skipped }
  | { readonly outcome: Outcome; readonly position: Position | undefined };

/**
 * Reads one stream in order, and waits for a handler that returns a promise.
 *
 * The engine bounds what waits: when the application holds too much, it pauses the subscription until half of that is
 * handled. The server's log is the queue.
 */
export class Reader implements StreamListener {
  readonly #core: Core;
  readonly #channel: string;
  readonly #options: ReadOptions;
  readonly #handler: EntryHandler;
  #id: number | undefined;
  #received: Position | undefined;
  #handled: Position | undefined;
  #waiting: Item[] = [];
  #busy = false;
  #over = false;

  constructor(core: Core, channel: string, options: ReadOptions, handler: EntryHandler) {
    core.check();
    checkReadOptions(options);
    checkStream(channel, options.topic);
    this.#core = core;
    this.#channel = channel;
    this.#options = options;
    this.#handler = handler;
    const { topic, inbox = false, from, persist = true } = options;
    const { engine, host } = core;
    const given = typeof from === "object" ? from : undefined;
    const epoch = given ? fromHex(given.epoch) : 0n;
    this.#id = accepted(
      engine.subscribe(
        channel,
        topic,
        inbox,
        from === "newest",
        persist,
        given !== undefined,
        epoch,
        given?.cursor ?? 0n,
        given?.tag ?? 0,
      ),
    );
    host.streams.set(this.#id, this);
    const keptEpoch = engine.epoch(this.#id);
    const keptCursor = engine.cursor(this.#id);
    if (keptEpoch !== undefined && keptCursor !== undefined) {
      this.#handled = { epoch: writeEpoch(keptEpoch), cursor: keptCursor, tag: engine.tag(this.#id) };
    }
    this.#received = this.#handled;
  }

  /** Position up to which entries were handled. */
  get position(): Position | undefined {
    return this.#handled;
  }

  /** Cursor of the newest known entry. */
  get head(): bigint | undefined {
    return this.#id === undefined || this.#core.closed ? undefined : this.#core.engine.head(this.#id);
  }

  /** Ends the reader. */
  get over(): boolean {
    return this.#over;
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#waiting = [];
    if (this.#core.closed || this.#id === undefined) return;
    this.#core.host.streams.delete(this.#id);
    this.#core.engine.unsubscribe(this.#id);
    this.#id = undefined;
    this.#core.keep();
  }

  outcome(...[reason, caughtUp, epoch, cursor, tag, floor, head]: Parameters<StreamListener["outcome"]>): void {
    const position = { epoch: writeEpoch(epoch), cursor, tag };
    this.#received = position;
    if (reason === "") {
      this.#take({ outcome: { type: "resumed", position, caughtUp: Number(caughtUp), head }, position });
      return;
    }
    // Waiting entries are from before the reset.
    this.#waiting = [];
    const known = reason as "expired" | "epoch_changed";
    this.#take({ outcome: { type: "reset", reason: known, position, floor, head }, position });
  }

  skipped(count: number, epoch: bigint, cursor: bigint, tag: number): void {
    const position = { epoch: writeEpoch(epoch), cursor, tag };
    this.#received = position;
    this.#take({ skipped: { count, position } });
  }

  entry(cursor: bigint, tag: number, value: unknown, bytes: Uint8Array | undefined, replayed: boolean, size: Size): void {
    const before = this.#received;
    if (!before || cursor <= before.cursor) return;
    const entry = { channel: this.#channel, topic: this.#options.topic, epoch: before.epoch, cursor, tag, value, bytes, replayed };
    this.#received = entry;
    this.#take({ entry, size });
  }

  ended(reason: string, message: string): void {
    this.#id = undefined;
    this.#take({ outcome: { type: "ended", reason, message }, position: undefined });
  }

  /** Reports handled entries to the engine. */
  commit(): void {
    const handled = this.#handled;
    if (!handled || this.#over) return;
    if (this.#id === undefined) return;
    this.#core.engine.handled(this.#id, fromHex(handled.epoch), handled.cursor, handled.tag ?? 0);
  }

  #words(): string {
    const { topic, inbox } = this.#options;
    if (inbox) return `the inbox of ${this.#channel}`;
    return topic === undefined ? this.#channel : `topic ${topic} of ${this.#channel}`;
  }

  #take(item: Item): void {
    if (this.#over) return;
    if (!this.#busy) return this.#handle(item);
    this.#waiting.push(item);
  }

  #handle(item: Item): void {
    if ("skipped" in item) {
      this.#handler.skipped?.(item.skipped);
      return this.#done(item.skipped.position);
    }
    if (!("entry" in item)) {
      const { outcome } = item;
      if (outcome.type === "ended") this.#over = true;
      const heard = this.#handler.outcome(outcome);
      if (outcome.type === "ended" && !heard) this.#core.host.fault(outcome.reason, `${this.#words()} is not read: ${outcome.message}`);
      if (item.position) this.#done(item.position);
      return;
    }
    let answer: unknown;
    try {
      answer = this.#handler.entry(item.entry, item.size);
    } catch (error) {
      // A handler's mistake must not stop the stream: the entry counts as handled.
      reportUncaught(error);
    }
    if (!isPromise(answer)) return this.#done(item.entry);
    this.#busy = true;
    Promise.resolve(answer).catch(reportUncaught).then(() => {
      this.#busy = false;
      this.#done(item.entry);
      this.#resumeQueue();
    });
  }

  #done({ epoch, cursor, tag }: Position): void {
    this.#handled = { epoch, cursor, tag };
    if (!this.#core.closed) this.#core.commitSoon(this);
  }

  #resumeQueue(): void {
    while (!this.#busy && !this.#over) {
      const item = this.#waiting.shift();
      if (!item) return;
      this.#handle(item);
    }
  }
}

/** Returns whether a handler's result is a promise; handlers may return any value. */
function isPromise(answer: unknown): answer is PromiseLike<unknown> {
  return typeof (answer as PromiseLike<unknown> | null | undefined)?.then === "function";
}
