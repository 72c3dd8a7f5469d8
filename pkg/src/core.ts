import { Engine, engineMemory } from "./engine.js";
import { PushError } from "./error.js";
import { halves } from "./hex.js";
import { type ClientListener, PageHost } from "./host.js";
import type { Store } from "./store.js";
import type { WebSocketClass } from "./types.js";

/** Something that has handled entries since it was last asked. */
export interface Committing {
  commit(): void;
}

/** What a client takes from its server. */
export interface Limits {
  readonly maxMessageBytes: number;
  readonly compression: boolean;
}

/** What the parts of one client share: the engine, who is told what, and what outlives a reload. */
export class Core {
  readonly engine: Engine;
  readonly host: PageHost;
  readonly store: Store;
  readonly #dirty = new Set<Committing>();
  #closed = false;

  constructor(url: string, socketClass: WebSocketClass, store: Store, limits: Limits, listener: ClientListener) {
    this.store = store;
    const { maxMessageBytes, compression } = limits;
    this.host = new PageHost(url, socketClass, maxMessageBytes, engineMemory(), listener);
    const seed = crypto.getRandomValues(new BigUint64Array(1))[0]!;
    const id = halves(store.clientId);
    const secret = halves(store.secret);
    this.engine = new Engine(this.host, ...id, ...secret, store.attempts, seed, maxMessageBytes, compression);
    this.host.engine = this.engine;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Throws when the client is closed. */
  check(): void {
    if (this.#closed) throw new PushError("closed", "the client is closed");
  }

  /** Asks `part` to commit what it has handled, once for all that is handled in one go. */
  commitSoon(part: Committing): void {
    if (this.#dirty.size === 0) queueMicrotask(() => this.#commit());
    this.#dirty.add(part);
  }

  /** Says goodbye; nothing is told any more. */
  close(): void {
    if (this.#closed) return;
    this.#commit();
    this.#closed = true;
    this.engine.close();
    this.store.release();
    this.host.close();
    // Later, because this may have been called from inside the engine.
    queueMicrotask(() => this.engine.free());
  }

  #commit(): void {
    if (this.#closed || this.#dirty.size === 0) return;
    const parts = [...this.#dirty];
    this.#dirty.clear();
    for (const part of parts) part.commit();
    this.store.save();
  }
}
