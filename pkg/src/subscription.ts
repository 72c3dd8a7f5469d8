// A subscription of the application to one stream.
import { checkFunction } from "./arguments.js";
import type { Core } from "./core.js";
import { Listeners } from "./observable.js";
import { Stream } from "./stream.js";
import type { Entry, Handler, Outcome, Position, ReadOptions, Skipped } from "./types.js";

/** A subscription to one stream. */
export class Subscription<T> {
  private readonly stream: Stream;
  private readonly outcomes = new Listeners<Outcome>();
  private readonly skipped = new Listeners<Skipped>();
  private latest: Outcome | undefined;

  /** @internal */
  constructor(
    core: Core,
    readonly channel: string,
    options: ReadOptions,
    handler: Handler<T>,
    closed: () => void = () => {},
  ) {
    checkFunction("handler", handler);
    this.stream = new Stream(core, channel, options, {
      entry: (entry) => handler(entry as Entry<T>),
      outcome: (outcome) => {
        this.latest = outcome;
        return this.outcomes.tell(outcome);
      },
      skipped: (skipped) => this.skipped.tell(skipped),
      closed,
    });
  }

  /** Position up to which entries were handled; `undefined` before the server's first answer. */
  get position(): Position | undefined {
    return this.stream.position;
  }

  /** Cursor of the newest known entry of the stream. */
  get head(): bigint | undefined {
    return this.stream.head;
  }

  /** The latest outcome. */
  get outcome(): Outcome | undefined {
    return this.latest;
  }

  /** True when the subscription has ended, by `close` or by the server. */
  get closed(): boolean {
    return this.stream.over;
  }

  /**
   * Calls `listener` for each outcome from now on, in order with the entries: after a `reset` only entries of the stream as
   * it now is follow. The returned function ends that.
   */
  onOutcome(listener: (outcome: Outcome) => void): () => void {
    return this.outcomes.add(listener);
  }

  /**
   * Calls `listener`, in order with the entries, for entries that the server did not send: only on channels whose policy on
   * the server is to drop entries for slow readers. The returned function ends that.
   */
  onSkipped(listener: (skipped: Skipped) => void): () => void {
    return this.skipped.add(listener);
  }

  /** Stops reading and forgets the position. */
  close(): void {
    this.stream.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
