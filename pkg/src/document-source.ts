// Value of one state stream, shared by the documents that show it.
import type { Core } from "./core.js";
import type { DocumentStats } from "./document.js";
import { Listeners } from "./observable.js";
import { Reader } from "./reader.js";
import type { Outcome, Position } from "./types.js";

/** The newest value of a stream, shared by all documents that show it. */
export class DocumentSource {
  readonly #reader: Reader;
  readonly #values = new Listeners<void>();
  readonly #outcomes = new Listeners<Outcome>();
  #value: unknown;
  #users = 0;
  #position: Position | undefined;
  #updates = 0;
  #valueBytes = 0;
  #wireBytes = 0;

  constructor(core: Core, channel: string, topic: string | undefined) {
    const options = { persist: false, ...(topic === undefined ? undefined : { topic }) };
    this.#reader = new Reader(core, channel, options, {
      entry: (entry, size) => {
        this.#value = entry.bytes ?? entry.value;
        this.#position = { epoch: entry.epoch, cursor: entry.cursor, tag: entry.tag };
        this.#updates += 1;
        this.#valueBytes += size.value;
        this.#wireBytes += size.wire;
        this.#values.tell();
      },
      outcome: (outcome) => this.#outcomes.tell(outcome),
    });
  }

  get value(): unknown {
    return this.#value;
  }

  get position(): Position | undefined {
    return this.#position;
  }

  get head(): bigint | undefined {
    return this.#reader.head;
  }

  get stats(): DocumentStats {
    return { updates: this.#updates, valueBytes: this.#valueBytes, wireBytes: this.#wireBytes };
  }

  /** The server ended the subscription. */
  get over(): boolean {
    return this.#reader.over;
  }

  onValue(listener: () => void): () => void {
    return this.#values.add(listener);
  }

  onOutcome(listener: (outcome: Outcome) => void): () => void {
    return this.#outcomes.add(listener);
  }

  use(): void {
    this.#users += 1;
  }

  /** Returns whether that was the last user, and stops reading if so. */
  leave(): boolean {
    this.#users -= 1;
    if (this.#users > 0) return false;
    this.#reader.close();
    return true;
  }
}
