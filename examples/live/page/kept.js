// Entries that a panel has shown, kept over a reload together with the cursor each carries.

/** One storage item per entry: keeping one more costs the same however many are kept. */
export class Kept {
  #prefix;
  #limit;
  #epoch;
  #cursors = [];

  constructor(name, limit) {
    this.#prefix = `live.${name}.`;
    this.#limit = limit;
    this.#epoch = sessionStorage.getItem(this.#epochKey);
  }

  /** What was kept, oldest first: [{ cursor, value }]. */
  load() {
    const found = [];
    for (let index = 0; index < sessionStorage.length; index += 1) {
      const key = sessionStorage.key(index);
      if (!key.startsWith(this.#prefix) || key === this.#epochKey) continue;
      const cursor = BigInt(key.slice(this.#prefix.length));
      found.push({ cursor, value: JSON.parse(sessionStorage.getItem(key)) });
    }
    found.sort((a, b) => (a.cursor < b.cursor ? -1 : 1));
    this.#cursors = found.map(({ cursor }) => cursor);
    return found;
  }

  /** Whether the cursors belong to this incarnation of the log. */
  isOf(epoch) {
    return this.#epoch === epoch;
  }

  /** Forgets all: what comes belongs to this incarnation. */
  begin(epoch) {
    for (const cursor of this.#cursors) sessionStorage.removeItem(this.#prefix + cursor);
    this.#cursors = [];
    this.#epoch = epoch;
    sessionStorage.setItem(this.#epochKey, epoch);
  }

  /** Keeps one more; false if it is kept already. */
  add({ cursor, value }) {
    if (this.#cursors.length > 0 && cursor <= this.#cursors.at(-1)) return false;
    this.#cursors.push(cursor);
    sessionStorage.setItem(this.#prefix + cursor, JSON.stringify(value));
    if (this.#cursors.length > this.#limit) {
      sessionStorage.removeItem(this.#prefix + this.#cursors.shift());
    }
    return true;
  }

  get #epochKey() {
    return `${this.#prefix}epoch`;
  }
}
