// Entries of a subscription as an async iterator.
import { PushError } from "./error.js";
import type { Entry, Handler } from "./types.js";
import type { Subscription } from "./subscription.js";

interface Offer<T> {
  readonly entry: Entry<T>;
  readonly handled: () => void;
}

/** A stream as an async iterable: an entry counts as handled when the next one is asked for. */
export class Messages<T> implements AsyncIterableIterator<Entry<T>> {
  readonly subscription: Subscription<T>;
  #offer: Offer<T> | undefined;
  #taken: Offer<T> | undefined;
  #wanted: PromiseWithResolvers<IteratorResult<Entry<T>>> | undefined;
  #end: PushError | true | undefined;

  readonly #over: (messages: Messages<T>) => void;

  /** @internal */
  constructor(subscribe: (handler: Handler<T>) => Subscription<T>, over: (messages: Messages<T>) => void) {
    this.#over = over;
    this.subscription = subscribe((entry) => new Promise<void>((handled) => this.#give({ entry, handled })));
    this.subscription.onOutcome((outcome) => {
      if (outcome.type === "ended") this.#finish(new PushError(outcome.reason, outcome.message || outcome.reason));
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Entry<T>>> {
    this.#taken?.handled();
    this.#taken = this.#offer;
    this.#offer = undefined;
    if (this.#taken) return Promise.resolve({ done: false, value: this.#taken.entry });
    if (this.#end instanceof PushError) return Promise.reject(this.#end);
    if (this.#end) return Promise.resolve({ done: true, value: undefined });
    this.#wanted ??= withResolvers();
    return this.#wanted.promise;
  }

  return(): Promise<IteratorResult<Entry<T>>> {
    this.#taken?.handled();
    this.subscription.close();
    this.#finish(true);
    return Promise.resolve({ done: true, value: undefined });
  }

  #give(offer: Offer<T>): void {
    const wanted = this.#wanted;
    if (!wanted) {
      this.#offer = offer;
      return;
    }
    this.#wanted = undefined;
    this.#taken = offer;
    wanted.resolve({ done: false, value: offer.entry });
  }

  #finish(end: PushError | true): void {
    this.#end ??= end;
    this.#over(this);
    const wanted = this.#wanted;
    this.#wanted = undefined;
    if (this.#end instanceof PushError) wanted?.reject(this.#end);
    else wanted?.resolve({ done: true, value: undefined });
  }
}

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((...settle) => ([resolve, reject] = settle));
  return { promise, resolve, reject };
}
