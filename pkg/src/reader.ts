import type { Core } from "./core.js";
import { accepted, PushError, reportUncaught } from "./error.js";
import { fromHex, writeEpoch } from "./hex.js";
import type { Size, StreamListener } from "./host.js";
import type { Entry, Outcome, Position, ReadOptions } from "./types.js";

/** Entries that may wait for a handler which returned a promise, and their bytes; see {@link Reader}. */
const MAX_WAITING = 1024;
const MAX_WAITING_BYTES = 1024 * 1024;

/** Takes what comes out of a stream. */
export interface Sink {
  entry(entry: Entry<unknown>, size: Size): unknown;
  /** Returns whether somebody listens. */
  outcome(outcome: Outcome): boolean;
}

type Item =
  | { readonly entry: Entry<unknown>; readonly size: Size }
  | { readonly outcome: Outcome; readonly position: Position | undefined };

/**
 * Reads one stream in order, and waits for a handler that returns a promise.
 *
 * What waits is bounded: when it is too much the reader ends its subscription, and when all is handled it subscribes
 * again from where it stood. The server's log is the queue.
 */
export class Reader implements StreamListener {
  readonly #core: Core;
  readonly #channel: string;
  readonly #options: ReadOptions;
  readonly #sink: Sink;
  readonly #name: string;
  #id: number | undefined;
  #keepsPosition: boolean;
  #received: Position | undefined;
  #handled: Position | undefined;
  #waiting: Item[] = [];
  #waitingBytes = 0;
  #busy = false;
  #over = false;

  constructor(core: Core, channel: string, options: ReadOptions, sink: Sink) {
    core.check();
    checkOptions(options);
    this.#core = core;
    this.#channel = channel;
    this.#options = options;
    this.#sink = sink;
    this.#name = JSON.stringify([channel, options.topic ?? (options.inbox ? true : null)]);
    this.#keepsPosition = options.persist ?? true;
    const given = typeof options.from === "object" ? options.from : undefined;
    this.#received = (this.#keepsPosition ? core.store.position(this.#name) : undefined) ?? given;
    this.#handled = this.#received;
    this.#subscribe();
  }

  /** Up to where entries were handled. */
  get position(): Position | undefined {
    return this.#handled;
  }

  /** The newest entry that the client has heard of. */
  get head(): bigint | undefined {
    return this.#id === undefined || this.#core.closed ? undefined : this.#core.engine.head(this.#id);
  }

  /** Nothing more will come. */
  get over(): boolean {
    return this.#over;
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#waiting = [];
    if (this.#core.closed) return;
    this.#unsubscribe();
    if (this.#keepsPosition) {
      this.#core.store.forget(this.#name);
      this.#core.store.save();
    }
  }

  outcome(...[reason, caughtUp, epoch, cursor, tag, floor, head, isState]: Parameters<StreamListener["outcome"]>): void {
    // A state's value does not outlive the page: nor may its position.
    if (isState) this.#keepsPosition = false;
    const position = { epoch: writeEpoch(epoch), cursor, tag };
    this.#received = position;
    if (reason === "") {
      this.#take({ outcome: { type: "resumed", position, caughtUp: Number(caughtUp), head }, position });
      return;
    }
    const known = reason as "expired" | "epoch_changed";
    this.#take({ outcome: { type: "reset", reason: known, position, floor, head }, position });
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

  /** Tells the engine what was handled, and remembers it over a reload. */
  commit(): void {
    const handled = this.#handled;
    if (!handled || this.#over) return;
    if (this.#id !== undefined) this.#core.engine.handled(this.#id, fromHex(handled.epoch), handled.cursor, handled.tag ?? 0);
    if (this.#keepsPosition) this.#core.store.move(this.#name, handled);
  }

  #subscribe(): void {
    const { topic, inbox = false, from } = this.#options;
    const { engine, host } = this.#core;
    const after = this.#received;
    const epoch = after ? fromHex(after.epoch) : 0n;
    this.#id = accepted(
      engine.subscribe(
        this.#channel,
        topic,
        inbox,
        from === "newest",
        after !== undefined,
        epoch,
        after?.cursor ?? 0n,
        after?.tag ?? 0,
      ),
    );
    host.streams.set(this.#id, this);
  }

  #unsubscribe(): void {
    if (this.#id === undefined) return;
    this.#core.host.streams.delete(this.#id);
    this.#core.engine.unsubscribe(this.#id);
    this.#id = undefined;
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
    if ("entry" in item) this.#waitingBytes += item.size.value;
    if (this.#waiting.length >= MAX_WAITING || this.#waitingBytes >= MAX_WAITING_BYTES) this.#unsubscribe();
  }

  #handle(item: Item): void {
    if (!("entry" in item)) {
      const { outcome } = item;
      if (outcome.type === "ended") this.#over = true;
      const heard = this.#sink.outcome(outcome);
      if (outcome.type === "ended" && !heard) this.#core.host.fault(outcome.reason, `${this.#words()} is not read: ${outcome.message}`);
      if (item.position) this.#done(item.position);
      return;
    }
    let answer: unknown;
    try {
      answer = this.#sink.entry(item.entry, item.size);
    } catch (error) {
      // A handler's mistake must not stop the stream: the entry counts as handled.
      reportUncaught(error);
    }
    if (!isPromise(answer)) return this.#done(item.entry);
    this.#busy = true;
    Promise.resolve(answer).catch(reportUncaught).then(() => {
      this.#busy = false;
      this.#done(item.entry);
      this.#goOn();
    });
  }

  #done({ epoch, cursor, tag }: Position): void {
    this.#handled = { epoch, cursor, tag };
    if (!this.#core.closed) this.#core.commitSoon(this);
  }

  #goOn(): void {
    while (!this.#busy && !this.#over) {
      const item = this.#waiting.shift();
      if (!item) break;
      if ("entry" in item) this.#waitingBytes -= item.size.value;
      this.#handle(item);
    }
    const paused = this.#id === undefined && !this.#busy && !this.#over;
    if (paused && !this.#core.closed) this.#subscribeAgain();
  }

  /** It may be too late: somebody else may read the stream by now. */
  #subscribeAgain(): void {
    try {
      this.#subscribe();
    } catch (error) {
      if (!(error instanceof PushError)) throw error;
      this.ended(error.code, error.message);
    }
  }
}

/** TypeScript says so earlier. */
function checkOptions({ topic, inbox, from = "oldest" }: ReadOptions): void {
  if (inbox && topic !== undefined) throw new PushError("bad_argument", "a stream is a topic or the inbox, not both");
  const isPosition = typeof from === "object" && /^[0-9a-f]{16}$/.test(from?.epoch) && typeof from.cursor === "bigint";
  if (isPosition || from === "oldest" || from === "newest") return;
  throw new PushError("bad_argument", 'from is "oldest", "newest" or a position: {epoch: 16 hexadecimal digits, cursor: a BigInt}');
}

/** An arrow function returns what its expression gives, which is mostly no promise. */
function isPromise(answer: unknown): answer is PromiseLike<unknown> {
  return typeof (answer as PromiseLike<unknown> | null | undefined)?.then === "function";
}
