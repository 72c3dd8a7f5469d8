// Opening of assets that the server sends with `send_binary`: decoding or download, and the checks.
import { httpAddress } from "./address.js";
import { badArgument, checkNames, checkObject, checkText, isInteger } from "./arguments.js";
import type { Engine } from "./engine.js";
import { PushError, thrownText } from "./error.js";
import type { Asset, AssetOptions, BinaryEnvelope } from "./types.js";

/** Default limits: of an asset, in bytes, and of the time of its download, in milliseconds. */
const MAX_BYTES = 16 * 1024 * 1024;
const TIMEOUT = 60_000;

/** Takes bytes of an asset; returns whether more are wanted. */
type Take = (bytes: Uint8Array) => boolean;

/** Opens an asset; `server` is the WebSocket's URL, to which the asset's may be relative. */
export async function openAsset(engine: Engine, envelope: BinaryEnvelope, server: string, options: AssetOptions): Promise<Asset> {
  checkEnvelope(envelope);
  checkNames(options, { maxBytes: true, timeoutMs: true });
  const { maxBytes = MAX_BYTES, timeoutMs = TIMEOUT } = options;
  if (!isInteger(maxBytes, 0, Number.MAX_SAFE_INTEGER)) throw badArgument("maxBytes", maxBytes, "a whole number from 0 on");
  if (!isInteger(timeoutMs, 0, 2 ** 31 - 1)) throw badArgument("timeoutMs", timeoutMs, "a whole number from 0 to 2^31 - 1");
  const { size, sha256, mime, name } = envelope;
  const check = engine.checkAsset(size, sha256, maxBytes);
  const pieces: Uint8Array[] = [];
  const take: Take = (bytes) => {
    pieces.push(bytes);
    return check.push(bytes);
  };
  try {
    // A size above the limit is refused before anything is fetched.
    if (take(new Uint8Array())) {
      if (envelope.kind === "inline") take(decode(envelope.data_base64));
      else await download(envelope.url, server, take, timeoutMs);
    }
  } catch (error) {
    check.free();
    throw error;
  }
  const error = check.finish();
  if (error !== undefined) throw new PushError("bad_asset", error);
  const buffer = await new Blob(pieces as BlobPart[]).arrayBuffer();
  return { buffer, mime, name: name ?? undefined };
}

function checkEnvelope(envelope: BinaryEnvelope): void {
  checkObject("envelope", envelope);
  const { kind, size, sha256, mime, name } = envelope;
  if (kind === "inline") checkText("envelope.data_base64", envelope.data_base64);
  else if (kind === "pointer") checkText("envelope.url", envelope.url);
  else throw badArgument("envelope.kind", kind, '"inline" or "pointer"');
  if (!isInteger(size, 0, Number.MAX_SAFE_INTEGER)) throw badArgument("envelope.size", size, "a whole number from 0 on");
  checkText("envelope.sha256", sha256);
  checkText("envelope.mime", mime);
  if (name !== undefined && name !== null) checkText("envelope.name", name);
}

function decode(base64: string): Uint8Array {
  let binary: string;
  try {
    binary = atob(base64);
  } catch (cause) {
    throw new PushError("bad_asset", "the asset's data is not base64", { cause });
  }
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** Fetches a URL within a time, and passes its bytes on until no more are wanted. */
async function download(text: string, server: string, take: Take, timeoutMs: number): Promise<void> {
  const url = resolve(text, server);
  const end = new AbortController();
  const timer = setTimeout(() => end.abort(new Error(`not within ${timeoutMs} ms`)), timeoutMs);
  try {
    const { ok, status, body } = await fetch(url, { signal: end.signal });
    if (!ok) throw new Error(`HTTP status ${status}`);
    const reader = body?.getReader();
    for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
      if (!take(next.value)) return void reader?.cancel();
    }
  } catch (cause) {
    throw new PushError("unreachable", `the asset ${url} cannot be fetched: ${thrownText(cause)}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}

/** The address of an asset's URL: http or https, or relative to the server. */
function resolve(text: string, server: string): string {
  let url: URL;
  try {
    url = new URL(text, httpAddress(server));
  } catch (cause) {
    throw new PushError("bad_asset", `the asset's address "${text}" is not a URL`, { cause });
  }
  if (url.protocol === "http:" || url.protocol === "https:") return url.href;
  throw new PushError("bad_asset", `the asset's address "${text}" is neither http nor https`);
}
