// Counters of a client. They change with each message, so listeners are called at intervals.
import { checkFunction } from "./arguments.js";
import { call, isSame, type Listeners, type Observable } from "./observable.js";
import type { Stats } from "./types.js";

/** Time from a change to the call of the listeners, in milliseconds: they are called at most ten times a second. */
const PAUSE = 100;

/** The part of the client that is used. */
interface Source {
  readonly stats: Stats;
  watchStats(isWanted: boolean): void;
}

/** Counters of a client. The module reports changes only while there are listeners. */
export class ObservableStats implements Observable<Stats> {
  private readonly source: Source;
  private readonly listeners: Listeners<Stats>;
  private isWaiting = false;

  constructor(source: Source, listeners: Listeners<Stats>) {
    this.source = source;
    this.listeners = listeners;
  }

  get value(): Stats {
    return this.source.stats;
  }

  /** Handles a report that the counters may have changed. */
  changed(): void {
    if (this.isWaiting) return;
    this.isWaiting = true;
    setTimeout(() => {
      this.isWaiting = false;
      this.listeners.tell(this.value);
    }, PAUSE);
  }

  // A property, so that it works detached from its object: `const { subscribe } = client.stats`.
  readonly subscribe = (listener: (value: Stats) => void): (() => void) => {
    checkFunction("listener", listener);
    let told: Stats | undefined;
    const hear = (value: Stats): void => {
      if (told && isSame(told, value)) return;
      told = value;
      listener(value);
    };
    const end = this.listeners.add(hear);
    this.source.watchStats(this.listeners.size > 0);
    call(hear, this.value);
    return () => {
      end();
      this.source.watchStats(this.listeners.size > 0);
    };
  };
}
