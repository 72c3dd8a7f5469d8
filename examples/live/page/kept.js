// Entries that a panel has shown, kept over a reload in the session storage, each with its cursor.

/** Limit of the characters that one panel keeps: all panels together stay far below the storage's 5 million. */
const MAX_CHARACTERS = 500_000;

/** Kept entries of one panel. Each is a storage item of its own, so that adding one costs the same however many are kept. */
export class KeptEntries {
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

  /** The kept entries, oldest first: [{ cursor, value }]. */
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

  /** Returns whether the kept entries belong to this epoch of the log. */
  isOf(epoch) {
    return this.#epoch === epoch;
  }

  /** Removes all entries. Later ones belong to this epoch. */
  begin(epoch) {
    while (this.#items.length > 0) this.#dropOldest();
    this.#newest = 0n;
    this.#epoch = epoch;
    sessionStorage.setItem(this.#epochKey, epoch);
  }

  /** Keeps an entry. Returns false if it was kept already. */
  add({ cursor, value }) {
    if (cursor <= this.#newest) return false;
    const text = JSON.stringify(value);
    this.#note(cursor, text.length);
    while (this.#items.length > this.#limit || this.#characters > MAX_CHARACTERS) this.#dropOldest();
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
