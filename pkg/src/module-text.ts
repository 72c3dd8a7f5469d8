// The WebAssembly module as text (xtask/src/module_text.rs writes it).

/** Number of characters that each are a byte. */
const SINGLES = 87;

/** Number of shifts: characters that stand before one of those, for a rarer byte. */
const SHIFTS = 3;

/** The bytes of a module's text. */
export function moduleBytes(text: string): Uint8Array<ArrayBuffer> {
  const rank = new Map([...text.slice(0, SINGLES + SHIFTS)].map((character, at) => [character.charCodeAt(0), at]));
  const start = SINGLES + SHIFTS + 512;
  const byRank = text.slice(SINGLES + SHIFTS, start).match(/../g)!.map((digits) => parseInt(digits, 16));
  const bytes = new Uint8Array(text.length);
  let length = 0;
  let shift = 0;
  for (let at = start; at < text.length; at++) {
    const code = rank.get(text.charCodeAt(at))!;
    if (code >= SINGLES) {
      shift = (code - SINGLES + 1) * SINGLES;
      continue;
    }
    bytes[length++] = byRank[code + shift]!;
    shift = 0;
  }
  return bytes.slice(0, length);
}
