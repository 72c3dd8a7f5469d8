// Download of compression dictionaries.
import { httpAddress } from "./address.js";
import { toHex } from "./hex.js";

/** Largest compression dictionary, in bytes, and number of downloads at once (docs/protocol.md section 11). */
const MAX_BYTES = 112 * 1024;
const MAX_LOADING = 16;

/** Longest time of a download, in milliseconds. */
const PATIENCE = 30_000;

/**
 * Gets compression dictionaries over HTTP, from the server of the WebSocket and under its path. They never change, so that the
 * browser's cache keeps them over a reload.
 *
 * Entries come without one as well, only larger: one that cannot be had is counted, and asked for again when the server names
 * it on the next connection.
 */
export class Dictionaries {
  readonly #address: (hex: string) => string;
  readonly #take: (sha256: Uint8Array, bytes: Uint8Array) => boolean;
  readonly #loading = new Map<string, AbortController>();
  #failed = 0;

  /** `take` is called with the bytes, and returns whether they are the dictionary. */
  constructor(socketUrl: string, take: (sha256: Uint8Array, bytes: Uint8Array) => boolean) {
    this.#address = (hex) => {
      const url = httpAddress(socketUrl);
      url.pathname = `${url.pathname.replace(/\/$/, "")}/dictionaries/${hex}`;
      url.search = "";
      return url.href;
    };
    this.#take = take;
  }

  /** Number of failed downloads. */
  get failed(): number {
    return this.#failed;
  }

  /** Starts the download of the dictionary with this hash. */
  get(sha256: Uint8Array): void {
    const hex = toHex(sha256);
    if (this.#loading.has(hex) || this.#loading.size === MAX_LOADING) return;
    const end = new AbortController();
    this.#loading.set(hex, end);
    void this.#load(hex, sha256.slice(), end);
  }

  /** Cancels all downloads. */
  close(): void {
    for (const end of this.#loading.values()) end.abort();
    this.#loading.clear();
  }

  async #load(hex: string, sha256: Uint8Array, end: AbortController): Promise<void> {
    const timer = setTimeout(() => end.abort(), PATIENCE);
    const bytes = await download(this.#address(hex), end.signal).catch(() => undefined);
    clearTimeout(timer);
    if (this.#loading.get(hex) !== end) return;
    this.#loading.delete(hex);
    if (!bytes || !this.#take(sha256, bytes)) this.#failed += 1;
  }
}

/** The body of a successful response; nothing if it is larger than a dictionary. */
async function download(url: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
  const { ok, body } = await fetch(url, { credentials: "omit", signal });
  if (!ok || !body) return undefined;
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = body.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    chunks.push(next.value);
    length += next.value.length;
    if (length <= MAX_BYTES) continue;
    void reader.cancel();
    return undefined;
  }
  return new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
}
