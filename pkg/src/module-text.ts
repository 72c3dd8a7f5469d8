// The WebAssembly module as text (xtask/src/module_text.rs writes it).

/** The bytes of a module's text. */
export function moduleBytes(text: string): Uint8Array<ArrayBuffer> {
  const singles = [...Array(0x7c - 0x20).keys()].map((at) => at + 0x20).filter((code) => !NEVER_USED.has(code));
  const rank = new Map(singles.map((code, at) => [code, at]));
  const byRank = text.slice(0, 512).match(/../g)!.map((digits) => parseInt(digits, 16));
  const bytes = new Uint8Array(text.length);
  let length = 0;
  let shift = 0;
  for (let at = 512; at < text.length; at++) {
    const code = text.charCodeAt(at);
    // "|", "}" and "~" stand before a rarer byte.
    if (code >= 0x7c) {
      shift = (code - 0x7b) * singles.length;
      continue;
    }
    bytes[length++] = byRank[rank.get(code)! + shift]!;
    shift = 0;
  }
  return bytes.slice(0, length);
}

/** Characters that JavaScript or a bundler might escape in a string: `"`, `$`, `'`, `\` and a backquote. */
const NEVER_USED = new Set([0x22, 0x24, 0x27, 0x5c, 0x60]);
