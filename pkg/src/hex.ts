// Conversion between bytes, ids and hexadecimal digits.
import { PushError } from "./error.js";

/** Lower-case hexadecimal digits. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The bytes of lower-case hexadecimal digits. */
export function hexBytes(digits: string): Uint8Array<ArrayBuffer> {
  // "0" to "9" are 0x30 to 0x39, "a" to "f" 0x61 to 0x66.
  const value = (at: number): number => (digits.charCodeAt(at) & 15) + (digits.charCodeAt(at) >> 6) * 9;
  const bytes = new Uint8Array(digits.length / 2);
  for (let at = 0; at < bytes.length; at++) bytes[at] = value(2 * at) * 16 + value(2 * at + 1);
  return bytes;
}

/** The 32 digits of a UUID. */
export function uuidDigits(uuid: string): string {
  const digits = uuid.replaceAll("-", "").toLowerCase();
  if (/^[0-9a-f]{32}$/.test(digits)) return digits;
  throw new PushError("bad_client_id", `"${uuid}" is not a UUID`);
}

/** A UUID in its usual form, with hyphens. */
export function writeUuid(digits: string): string {
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** An epoch as 16 digits. */
export function writeEpoch(epoch: bigint): string {
  return epoch.toString(16).padStart(16, "0");
}

/** The number of an epoch's hexadecimal digits. */
export function fromHex(digits: string): bigint {
  return BigInt(`0x${digits}`);
}
