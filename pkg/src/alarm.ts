// Timer of the engine's next deadline.
/** Longest wait that `setTimeout` takes: 31 bits. */
const MAX_WAIT = 2 ** 31 - 1;

/** One timer for all of the engine's deadlines. */
export class Alarm {
  readonly #ring: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #at = Infinity;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /**
   * Sets the deadline, in milliseconds as of `performance.now()`; `Infinity` for none. A deadline
   * that moves later keeps the timer, which then fires early once: cheaper than two timer calls for each message.
   */
  set(at: number): void {
    if (this.#at <= at && at !== Infinity) return;
    clearTimeout(this.#timer);
    this.#at = at;
    if (at === Infinity) return;
    const wait = Math.ceil(at - performance.now());
    this.#timer = setTimeout(() => {
      this.#at = Infinity;
      this.#ring();
    }, Math.min(Math.max(wait, 0), MAX_WAIT));
  }
}
