// Value of one state stream, shared by the documents that show it.
import type { Core } from "./core.js";
import type { DocumentStats } from "./document.js";
import { Listeners } from "./observable.js";
import { Stream } from "./stream.js";
import type { Outcome, Position } from "./types.js";

/** The newest value of a stream, shared by all documents that show it. */
export class DocumentSource {
  private readonly stream: Stream;
  private readonly values = new Listeners<void>();
  private readonly outcomes = new Listeners<Outcome>();
  private latest: unknown;
  private users = 0;
  private place: Position | undefined;
  private updates = 0;
  private valueBytes = 0;
  private wireBytes = 0;

  constructor(core: Core, channel: string, topic: string | undefined) {
    const options = topic === undefined ? {} : { topic };
    this.stream = new Stream(core, channel, options, {
      entry: (entry, size) => {
        this.latest = entry.bytes ?? entry.value;
        this.place = { epoch: entry.epoch, cursor: entry.cursor, tag: entry.tag };
        this.updates += 1;
        this.valueBytes += size.value;
        this.wireBytes += size.wire;
        this.values.tell();
      },
      outcome: (outcome) => this.outcomes.tell(outcome),
    });
  }

  get value(): unknown {
    return this.latest;
  }

  get position(): Position | undefined {
    return this.place;
  }

  get head(): bigint | undefined {
    return this.stream.head;
  }

  get stats(): DocumentStats {
    return { updates: this.updates, valueBytes: this.valueBytes, wireBytes: this.wireBytes };
  }

  /** The server ended the subscription. */
  get over(): boolean {
    return this.stream.over;
  }

  onValue(listener: () => void): () => void {
    return this.values.add(listener);
  }

  onOutcome(listener: (outcome: Outcome) => void): () => void {
    return this.outcomes.add(listener);
  }

  use(): void {
    this.users += 1;
  }

  /** Returns whether that was the last user, and stops reading if so. */
  leave(): boolean {
    this.users -= 1;
    if (this.users > 0) return false;
    this.stream.close();
    return true;
  }
}
