// Storage of a client's snapshot over reloads of the page.
import { PushError, thrownText } from "./error.js";
import { hexBytes, toHex } from "./hex.js";
import type { KeyValueStorage } from "./types.js";

/** State kept over a reload, stored as JSON text under one key. */
interface Saved {
  readonly version: 2;
  /** An open page uses this client. */
  readonly held: boolean;
  /** The engine's snapshot, as hexadecimal digits. */
  readonly snapshot: string;
}

/** Keys that clients of this page use, so that two of them never share one. */
const keysInUse = new Set<string>();

/**
 * Keeps the engine's snapshot over a reload of the page.
 *
 * A duplicated tab starts with a copy of the original's storage. The copied record is marked as held, because a page
 * removes the mark only when it is left. The engine then takes a new client id, so that the duplicate does not replace
 * the original's connection, and continues from the same positions.
 */
export class Store {
  readonly #storage: KeyValueStorage | null;
  readonly #key: string;
  readonly #failed: (error: PushError) => void;
  #snapshot: string | undefined;
  #held = true;

  /** The kept snapshot, unless it cannot be read. */
  readonly kept: { readonly held: boolean; readonly snapshot: Uint8Array } | undefined;

  constructor(storage: KeyValueStorage | null, key: string, failed: (error: PushError) => void) {
    this.#storage = storage;
    this.#key = freeKey(key);
    this.#failed = failed;
    const saved = this.#read();
    this.kept = saved && { held: saved.held, snapshot: hexBytes(saved.snapshot) };
    keysInUse.add(this.#key);
  }

  /** Stores this snapshot. */
  save(snapshot: Uint8Array): void {
    this.#snapshot = toHex(snapshot);
    this.#write();
  }

  /** Records that the page is left (false) or restored (true). */
  hold(held: boolean): void {
    this.#held = held;
    this.#write();
  }

  /** Releases the key for another client of this page. */
  release(): void {
    this.hold(false);
    keysInUse.delete(this.#key);
  }

  #write(): void {
    if (!this.#storage || this.#snapshot === undefined) return;
    const saved: Saved = { version: 2, held: this.#held, snapshot: this.#snapshot };
    try {
      this.#storage.setItem(this.#key, JSON.stringify(saved));
    } catch (cause) {
      this.#failed(new PushError("storage", `positions cannot be kept over a reload: ${thrownText(cause)}`, { cause }));
    }
  }

  #read(): Saved | undefined {
    let text: string | null | undefined;
    try {
      text = this.#storage?.getItem(this.#key);
    } catch (cause) {
      this.#failed(new PushError("storage", `"${this.#key}" cannot be read: ${thrownText(cause)}; beginning anew`, { cause }));
    }
    if (!text) return undefined;
    try {
      const saved = JSON.parse(text) as Saved;
      if (saved.version !== 2) return undefined;
      if (/^([0-9a-f]{2})+$/.test(saved.snapshot)) return saved;
      throw new TypeError("the snapshot is not hexadecimal digits");
    } catch (cause) {
      this.#failed(new PushError("storage", `what is kept under "${this.#key}" is not ours; beginning anew`, { cause }));
      return undefined;
    }
  }
}

/** The page's session storage; null where there is none or the page may not use it. */
export function sessionStorageIfAny(): KeyValueStorage | null {
  try {
    return globalThis.sessionStorage ?? null;
  } catch {
    return null;
  }
}

function freeKey(key: string): string {
  let free = key;
  for (let n = 2; keysInUse.has(free); n++) free = `${key}#${n}`;
  return free;
}
