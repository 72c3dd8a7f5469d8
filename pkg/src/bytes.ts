// The WebAssembly module as text.

/** The bytes of lower-case hexadecimal digits. */
export function hexBytes(digits: string): Uint8Array<ArrayBuffer> {
  // "0" to "9" are 0x30 to 0x39, "a" to "f" 0x61 to 0x66.
  const value = (at: number): number => (digits.charCodeAt(at) & 15) + (digits.charCodeAt(at) >> 6) * 9;
  const bytes = new Uint8Array(digits.length / 2);
  for (let at = 0; at < bytes.length; at++) bytes[at] = value(2 * at) * 16 + value(2 * at + 1);
  return bytes;
}
