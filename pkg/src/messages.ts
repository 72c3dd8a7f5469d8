// Entries of a subscription as an async iterator.
import { PushError } from "./error.js";
import type { Entry, Handler } from "./types.js";
import type { Subscription } from "./subscription.js";

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
 * given the next entries in order.
 */
export class Messages<T> implements AsyncIterableIterator<Entry<T>> {
  readonly subscription: Subscription<T>;
  /** Requests and an offer never wait at the same time. */
  readonly #requests: Request<T>[] = [];
  #offer: Offer<T> | undefined;
  #taken: Offer<T> | undefined;
  #end: PushError | true | undefined;

  readonly #over: (messages: Messages<T>) => void;

  /** @internal */
  constructor(subscribe: (handler: Handler<T>, onClose: () => void) => Subscription<T>, over: (messages: Messages<T>) => void) {
    this.#over = over;
    this.subscription = subscribe(
      (entry) => new Promise<void>((handled) => this.#give({ entry, handled })),
      () => this.#finish(true),
    );
    this.subscription.onOutcome((outcome) => {
      if (outcome.type === "ended") this.#finish(new PushError(outcome.reason, outcome.message || outcome.reason));
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next entry; after the end `done`, or a rejection with the server's reason if that ended the subscription. */
  next(): Promise<IteratorResult<Entry<T>>> {
    this.#taken?.handled();
    this.#taken = undefined;
    const offer = this.#offer;
    this.#offer = undefined;
    return new Promise((resolve, reject) => {
      this.#requests.push({ resolve, reject });
      if (offer) this.#give(offer);
      else if (this.#end) this.#settle(this.#end);
    });
  }

  /** Ends the reading; calls of `next` that wait are `done`. */
  return(): Promise<IteratorResult<Entry<T>>> {
    this.#taken?.handled();
    this.subscription.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  #give(offer: Offer<T>): void {
    const request = this.#requests.shift();
    if (!request) {
      this.#offer = offer;
      return;
    }
    request.resolve({ done: false, value: offer.entry });
    if (this.#requests.length > 0) offer.handled();
    else this.#taken = offer;
  }

  #finish(end: PushError | true): void {
    this.#end ??= end;
    this.#offer = undefined;
    this.#over(this);
    this.#settle(this.#end);
  }

  #settle(end: PushError | true): void {
    for (const { resolve, reject } of this.#requests.splice(0)) {
      if (end instanceof PushError) reject(end);
      else resolve({ done: true, value: undefined });
    }
  }
}
