// Entries of a subscription as an async iterator.
import { PushError } from "./error.js";
import { notRead } from "./stream.js";
import type { Subscription } from "./subscription.js";
import type { Entry, Handler, ReadOptions } from "./types.js";

interface Offer<T> {
  readonly entry: Entry<T>;
  readonly handled: () => void;
}

/** A call of `next` that waits for its entry. */
interface Request<T> {
  resolve(result: IteratorResult<Entry<T>>): void;
  reject(error: PushError): void;
}

/**
 * A stream as an async iterable: an entry counts as handled when the next one is asked for. Calls of `next` that overlap are
 * given the next entries in order. After the server has ended the subscription, one call of `next` rejects with its reason,
 * and all later ones are `done`.
 */
export class Messages<T> implements AsyncIterableIterator<Entry<T>> {
  readonly subscription: Subscription<T>;
  /** Requests and an offer never wait at the same time. */
  private readonly requests: Request<T>[] = [];
  private offer: Offer<T> | undefined;
  private taken: Offer<T> | undefined;
  /** Reason of the end, until a call has rejected with it. */
  private failure: PushError | undefined;
  private isOver = false;

  /** @internal */
  constructor(options: ReadOptions, subscribe: (handler: Handler<T>, closed: () => void) => Subscription<T>) {
    this.subscription = subscribe(
      (entry) => new Promise<void>((handled) => this.give({ entry, handled })),
      () => this.finish(),
    );
    this.subscription.onOutcome((outcome) => {
      if (outcome.type !== "ended") return;
      this.finish(new PushError(outcome.reason, notRead(this.subscription.channel, options, outcome)));
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next entry; after the end `done`. */
  next(): Promise<IteratorResult<Entry<T>>> {
    this.taken?.handled();
    this.taken = undefined;
    const offer = this.offer;
    this.offer = undefined;
    return new Promise((resolve, reject) => {
      this.requests.push({ resolve, reject });
      if (offer) this.give(offer);
      else if (this.isOver) this.settle();
    });
  }

  /** Ends the reading; calls of `next` that wait are `done`. */
  return(value?: unknown): Promise<IteratorResult<Entry<T>>> {
    this.taken?.handled();
    this.failure = undefined;
    this.subscription.close();
    return Promise.resolve({ done: true, value });
  }

  /** Ends the reading, and rejects with `error`. */
  throw(error?: unknown): Promise<IteratorResult<Entry<T>>> {
    void this.return();
    return Promise.reject(error);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  private give(offer: Offer<T>): void {
    const request = this.requests.shift();
    if (!request) {
      this.offer = offer;
      return;
    }
    request.resolve({ done: false, value: offer.entry });
    if (this.requests.length > 0) offer.handled();
    else this.taken = offer;
  }

  private finish(failure?: PushError): void {
    if (this.isOver) return;
    this.isOver = true;
    this.failure = failure;
    this.offer = undefined;
    this.settle();
  }

  private settle(): void {
    for (const { resolve, reject } of this.requests.splice(0)) {
      const failure = this.failure;
      this.failure = undefined;
      if (failure) reject(failure);
      else resolve({ done: true, value: undefined });
    }
  }
}
