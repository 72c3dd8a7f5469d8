// Entries that a panel has shown, kept over a reload together with the cursor each carries.

/** Characters that one panel keeps at most: all panels together stay far below a page's 5 million. */
const MOST_CHARACTERS = 500_000;

/** One storage item per entry: keeping one more costs the same however many are kept. */
export class Kept {
  #prefix;
  #limit;
  #epoch;
  #items = [];
  #characters = 0;
  #newest = 0n;

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
      const text = sessionStorage.getItem(key);
      found.push({ cursor: BigInt(key.slice(this.#prefix.length)), text, value: JSON.parse(text) });
    }
    found.sort((a, b) => (a.cursor < b.cursor ? -1 : 1));
    for (const { cursor, text } of found) this.#note(cursor, text.length);
    return found;
  }

  /** Whether the cursors belong to this incarnation of the log. */
  isOf(epoch) {
    return this.#epoch === epoch;
  }

  /** Forgets all: what comes belongs to this incarnation. */
  begin(epoch) {
    while (this.#items.length > 0) this.#dropOldest();
    this.#newest = 0n;
    this.#epoch = epoch;
    sessionStorage.setItem(this.#epochKey, epoch);
  }

  /** Keeps one more; false if it came before. */
  add({ cursor, value }) {
    if (cursor <= this.#newest) return false;
    const text = JSON.stringify(value);
    this.#note(cursor, text.length);
    while (this.#items.length > this.#limit || this.#characters > MOST_CHARACTERS) this.#dropOldest();
    if (this.#items.length > 0) sessionStorage.setItem(this.#prefix + cursor, text);
    return true;
  }

  #note(cursor, characters) {
    this.#newest = cursor;
    this.#items.push({ cursor, characters });
    this.#characters += characters;
  }

  #dropOldest() {
    const { cursor, characters } = this.#items.shift();
    this.#characters -= characters;
    sessionStorage.removeItem(this.#prefix + cursor);
  }

  get #epochKey() {
    return `${this.#prefix}epoch`;
  }
}
