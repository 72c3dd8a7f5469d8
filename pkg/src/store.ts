import { PushError } from "./error.js";
import { randomSecret, randomUuid, uuidDigits } from "./hex.js";
import type { KeyValueStorage, Position } from "./types.js";

/** What outlives a reload, as JSON text under one key. */
interface Saved {
  readonly version: 1;
  readonly clientId: string;
  readonly secret: string;
  /** How often the client has tried to connect, in all its lives. */
  readonly attempts: number;
  /** A living page uses this id. */
  readonly held: boolean;
  /** Epoch, cursor and tag by stream, the longest unused first; earlier versions kept no tag. */
  readonly positions: [stream: string, epoch: string, cursor: string, tag?: number][];
}

/** Streams whose positions are kept: as many as a session may read. */
const MAX_POSITIONS = 1024;

/** Keys that clients of this page use, so that two of them never share one. */
const keysInUse = new Set<string>();

/**
 * Who the client is and where it stands, kept over a reload of the page.
 *
 * A duplicated tab begins with a copy of its sibling's storage. Its record then says `held`, because only a page that
 * is left says otherwise; the duplicate takes a new id, so that it does not push its sibling off the server, and goes on
 * from the same positions.
 */
export class Store {
  readonly clientId: string;
  /** Proves that a session is this client's. Its own choice, so that it holds even if the server's first answer is lost. */
  secret: string;
  /** Kept with the secret: the server tells a late attempt from a new one by it. */
  attempts: number;
  readonly #storage: KeyValueStorage | null;
  readonly #key: string;
  readonly #positions = new Map<string, Position>();
  readonly #failed: (error: PushError) => void;
  #held = true;

  constructor(
    storage: KeyValueStorage | null,
    key: string,
    clientId: string | undefined,
    failed: (error: PushError) => void,
  ) {
    this.#storage = storage;
    this.#key = freeKey(key);
    this.#failed = failed;
    const wanted = clientId === undefined ? undefined : uuidDigits(clientId);
    const saved = this.#read();
    const mayContinue = saved !== undefined && (wanted === undefined ? !saved.held : wanted === saved.clientId);
    this.clientId = wanted ?? (mayContinue ? saved.clientId : randomUuid());
    this.secret = mayContinue ? saved.secret : randomSecret();
    this.attempts = mayContinue ? saved.attempts : 0;
    for (const [stream, epoch, cursor, tag] of saved?.positions ?? []) {
      this.#positions.set(stream, { epoch, cursor: BigInt(cursor), tag: tag ?? 0 });
    }
    keysInUse.add(this.#key);
    this.save();
  }

  position(stream: string): Position | undefined {
    return this.#positions.get(stream);
  }

  /** Remembers where a stream stands, from the next `save` on. */
  move(stream: string, position: Position): void {
    this.#positions.delete(stream);
    this.#positions.set(stream, position);
    if (this.#positions.size <= MAX_POSITIONS) return;
    for (const oldest of this.#positions.keys()) {
      this.#positions.delete(oldest);
      return;
    }
  }

  forget(stream: string): void {
    this.#positions.delete(stream);
  }

  /** The page is being left (false) or is back (true). */
  hold(held: boolean): void {
    this.#held = held;
    this.save();
  }

  /** Gives the key free for another client of this page. */
  release(): void {
    this.hold(false);
    keysInUse.delete(this.#key);
  }

  save(): void {
    if (!this.#storage) return;
    const positions = [...this.#positions].map(
      ([stream, { epoch, cursor, tag }]) => [stream, epoch, String(cursor), tag] as Saved["positions"][number],
    );
    const { clientId, secret, attempts } = this;
    const saved: Saved = { version: 1, clientId, secret, attempts, held: this.#held, positions };
    try {
      this.#storage.setItem(this.#key, JSON.stringify(saved));
    } catch (cause) {
      this.#failed(new PushError("storage", "positions cannot be kept over a reload", { cause }));
    }
  }

  #read(): Saved | undefined {
    const text = this.#storage?.getItem(this.#key);
    if (!text) return undefined;
    try {
      const saved = JSON.parse(text) as Saved;
      if (saved.version !== 1) return undefined;
      const are32 = [saved.clientId, saved.secret].every((digits) => /^[0-9a-f]{32}$/.test(digits));
      if (!are32) throw new TypeError("the id or the secret is not 32 hexadecimal digits");
      return saved;
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
