// Entries that a panel has shown, kept over a reload together with the cursor each carries.

/**
 * One storage item per entry: keeping one costs no more when many are kept. `epoch` names the incarnation of
 * the log that the cursors belong to.
 */
export class Kept {
  #prefix;
  #limit;
  #cursors = [];
  #newest = 0n;

  constructor(name, limit) {
    this.#prefix = `live.${name}.`;
    this.#limit = limit;
  }

  /** What was kept, oldest first: [{ cursor, value }]. */
  load() {
    const found = [];
    for (let index = 0; index < sessionStorage.length; index += 1) {
      const key = sessionStorage.key(index);
      if (!key.startsWith(this.#prefix)) continue;
      found.push({ cursor: BigInt(key.slice(this.#prefix.length)), value: JSON.parse(sessionStorage.getItem(key)) });
    }
    found.sort((a, b) => (a.cursor < b.cursor ? -1 : 1));
    this.#cursors = found.map(({ cursor }) => cursor);
    this.#newest = this.#cursors.at(-1) ?? 0n;
    return found;
  }

  /** Keeps one more; false if an entry of this cursor or a later one is kept already. */
  add(cursor, value) {
    if (cursor <= this.#newest) return false;
    this.#newest = cursor;
    this.#cursors.push(cursor);
    sessionStorage.setItem(this.#prefix + cursor, JSON.stringify(value));
    if (this.#cursors.length > this.#limit) {
      sessionStorage.removeItem(this.#prefix + this.#cursors.shift());
    }
    return true;
  }

  clear() {
    for (const cursor of this.#cursors) sessionStorage.removeItem(this.#prefix + cursor);
    this.#cursors = [];
    this.#newest = 0n;
  }
}
