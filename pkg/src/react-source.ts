// Streams that the components of a React app read together.
import type { Client } from "./client.js";
import type { ErrorCode } from "./error.js";
import type { Entry, Outcome, ReadOptions } from "./types.js";

/** Time for which a stream is read on after the last component has left it, in milliseconds: the next page may read it, too. */
const LINGER = 1000;

/** Reason for which a stream is not read any more. */
export interface ReadError extends Error {
  /** Kind, for programs: `not_permitted`, `unknown_channel`, `closed` … */
  readonly code: ErrorCode;
}

/** Entries of a stream, and the state of its reading. */
export interface ChannelEntries<T> {
  /** The newest entries, oldest first. */
  readonly entries: readonly Entry<T>[];
  /** The latest outcome of the subscription; undefined before the first. After a `reset` the list begins anew. */
  readonly outcome: Outcome | undefined;
  /** Reason for which the stream is not read any more. */
  readonly error: ReadError | undefined;
}

/** Newest value of a document, and the state of its reading. */
export interface DocumentValue<T> {
  /** The newest value; undefined before the first. Do not change it. */
  readonly value: T | undefined;
  /** Reason for which the document is not read any more. */
  readonly error: ReadError | undefined;
}

/** State of a reading, as components see it. */
interface View {
  readonly error: ReadError | undefined;
}

/** Receiver of the state that a reading has reached. */
interface Shown<V> {
  show(view: V): void;
  fail(error: ReadError): void;
  /** Number of entries that the components want. */
  readonly limit: number;
}

/** Begins a reading. The function that it returns ends it. */
type Read<V> = (shown: Shown<V>) => () => void;

/** Reading of one stream. It begins with the first component and ends a while after the last. */
export class Source<V extends View> implements Shown<V> {
  limit = 0;
  private readonly empty: V;
  private readonly read: Read<V>;
  private readonly left: () => void;
  private readonly listeners = new Set<() => void>();
  private current: V;
  private close: (() => void) | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** `empty` is the state before anything was read; `left` is called at the end. */
  constructor(empty: V, read: Read<V>, left: () => void) {
    this.empty = this.current = empty;
    this.read = read;
    this.left = left;
  }

  /** State read so far: the same object until it changes. */
  get view(): V {
    return this.current;
  }

  /** Calls `changed` after each change of the view. The returned function ends that. */
  use(changed: () => void): () => void {
    clearTimeout(this.timer);
    if (!this.close) this.begin();
    const listener = () => changed();
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size > 0) return;
      this.timer = setTimeout(() => {
        this.close?.();
        this.left();
      }, LINGER);
    };
  }

  show(view: V): void {
    this.current = view;
    for (const listener of [...this.listeners]) listener();
  }

  /** Shows the end of the reading. A component that comes later begins it anew. */
  fail(error: ReadError): void {
    this.close = undefined;
    console.warn("push-wire:", error);
    this.show({ ...this.current, error });
  }

  private begin(): void {
    this.current = this.empty;
    try {
      this.close = this.read(this);
    } catch (error) {
      // A mistake of the component is for its error boundary.
      if ((error as { argument?: string }).argument !== undefined) throw error;
      this.fail(error as ReadError);
    }
  }
}

/** Reads the newest entries of a stream. */
export function readChannel(client: Client, channel: string, options: ReadOptions): Read<ChannelEntries<unknown>> {
  return (shown) => {
    let list: Entry<unknown>[] = [];
    let entries: readonly Entry<unknown>[] = [];
    let isWaiting = false;
    const subscription = client.on(channel, take, options);
    subscription.onOutcome((outcome) => {
      if (outcome.type === "reset") list = [];
      if (outcome.type !== "ended") showSoon();
      else shown.fail(endError(channel, options.topic, outcome));
    });
    return () => subscription.close();

    function take(entry: Entry<unknown>): void {
      list.push(entry);
      showSoon();
    }

    /** Shows, once for all entries that arrive together, a list that never changes. */
    function showSoon(): void {
      if (isWaiting) return;
      isWaiting = true;
      queueMicrotask(() => {
        isWaiting = false;
        list = list.slice(-shown.limit);
        const isSame = list.length === entries.length && list.at(-1) === entries.at(-1);
        if (!isSame) entries = [...list];
        if (!subscription.closed) shown.show({ entries, outcome: subscription.outcome, error: undefined });
      });
    }
  };
}

/** Reads the newest value of a document. */
export function readDocument(client: Client, channel: string, options: { topic?: string }): Read<DocumentValue<unknown>> {
  return (shown) => {
    const document = client.document(channel, options);
    document.subscribe((value) => shown.show({ value, error: undefined }));
    document.onOutcome((outcome) => {
      if (outcome.type === "ended") shown.fail(endError(channel, options.topic, outcome));
    });
    return () => document.close();
  };
}

/** The error of a subscription that the server has ended. */
function endError(channel: string, topic: string | undefined, { reason, message }: Outcome & { type: "ended" }): ReadError {
  const stream = topic === undefined ? channel : `topic ${topic} of ${channel}`;
  return Object.assign(new Error(`${stream} is not read: ${message || reason}`), { code: reason });
}
