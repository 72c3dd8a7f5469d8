// Prints a name and the size of a file, as it is and with brotli: `brotli.mjs NAME FILE`.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";

/** Size of bytes as a browser loads them: with brotli at level 11. */
export function brotli(bytes) {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  return brotliCompressSync(bytes, { params }).length;
}

export function print(name, raw, compressed) {
  console.log(`${name.padEnd(27)} ${String(raw).padStart(7)} bytes ${String(compressed).padStart(7)} bytes with brotli`);
}

const [, script, name, file] = process.argv;
if (import.meta.url === pathToFileURL(script).href) {
  const bytes = readFileSync(file);
  print(name, bytes.length, brotli(bytes));
}
