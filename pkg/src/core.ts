// The engine (WebAssembly) of one client, with the calls that client and readers make to it.
import { Engine, engineMemory } from "./engine.js";
import { PushError } from "./error.js";
import { hexBytes, toHex, writeUuid } from "./hex.js";
import { type ClientListener, PageHost } from "./host.js";
import type { Store } from "./store.js";
import type { WebSocketClass } from "./types.js";

/** A part that reports handled entries to the engine. */
export interface Committing {
  commit(): void;
}

/** Settings of the engine. */
export interface Settings {
  /** 32 hexadecimal digits, if the application has chosen one. */
  readonly clientId: string | undefined;
  readonly maxMessageBytes: number;
  readonly compression: boolean;
  /** The listener is asked for a token before each attempt. */
  readonly renewsToken: boolean;
}

/** State shared by the parts of one client: engine, host and storage. */
export class Core {
  readonly engine: Engine;
  /** The client's UUID. */
  readonly id: string;
  readonly host: PageHost;
  readonly store: Store;
  readonly #dirty = new Set<Committing>();
  #closed = false;

  constructor(url: string, socketClass: WebSocketClass, store: Store, settings: Settings, listener: ClientListener) {
    this.store = store;
    const { clientId, maxMessageBytes, compression, renewsToken } = settings;
    this.host = new PageHost(url, socketClass, maxMessageBytes, engineMemory(), listener);
    this.engine = new Engine(
      this.host,
      store.kept?.snapshot,
      store.kept?.held ?? false,
      clientId === undefined ? undefined : hexBytes(clientId),
      crypto.getRandomValues(new Uint8Array(40)),
      maxMessageBytes,
      compression,
      renewsToken,
    );
    this.host.engine = this.engine;
    this.id = writeUuid(toHex(this.engine.id()));
    this.keep();
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Throws when the client is closed. */
  check(): void {
    if (this.#closed) throw new PushError("closed", "the client is closed");
  }

  /** Schedules one commit of `part`, for all entries that are handled in the same task. */
  commitSoon(part: Committing): void {
    if (this.#dirty.size === 0) queueMicrotask(() => this.#commit());
    this.#dirty.add(part);
  }

  /** Stores the state that the client needs after a reload. */
  keep(): void {
    if (!this.#closed) this.store.save(this.engine.snapshot());
  }

  /** Sends a goodbye; there are no more events. */
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
    this.keep();
  }
}
