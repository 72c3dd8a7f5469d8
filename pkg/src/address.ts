// Check and completion of the server's URL.
import { PushError } from "./error.js";
import type { Address } from "./types.js";

const SCHEMES: Record<string, string> = { "http:": "ws:", "https:": "wss:", "ws:": "ws:", "wss:": "wss:" };

/** The same place over HTTP, for a WebSocket's URL. */
export function httpAddress(socketUrl: string): URL {
  const url = new URL(socketUrl);
  url.protocol = url.protocol === "wss:" ? "https:" : "http:";
  return url;
}

/** A host with a port, which as a relative URL would be a folder: `127.0.0.1:4000/rps`. */
const HOST_AND_PORT = /^[^/?#]+:\d+([/?#]|$)/;

/** Base of relative URLs where there is no page, to check them. */
const NOWHERE = "https://page.invalid/";

/**
 * Base of relative URLs, as `fetch` takes it: the document's, which a `<base>` may set, or the worker's. What was made of a
 * blob has its origin. Undefined in Node.js, and on a server that renders pages.
 */
export function pageAddress(): string | undefined {
  const { document, location } = globalThis as { document?: Document; location?: Location };
  const base = document?.baseURI ?? location?.href;
  return base?.startsWith("blob:") ? location?.origin : base;
}

/**
 * WebSocket URL of the application's address; without a path, the server's default `/rps`. Undefined for an address that is
 * relative to a page, where there is none.
 */
export function address(url: Address): string | undefined {
  const text = typeof url === "string" ? url : url?.href;
  if (typeof text !== "string") throw new PushError("bad_url", "connect needs a URL, as text or as a URL");
  if (HOST_AND_PORT.test(text)) throw new PushError("bad_url", `"${text}" has no scheme: write "https://${text}" or "http://${text}"`);
  const base = pageAddress();
  const isIdle = base === undefined && !URL.canParse(text);
  let parsed: URL;
  try {
    parsed = new URL(text, isIdle ? NOWHERE : base);
  } catch (cause) {
    throw new PushError("bad_url", `"${text}" is not a URL`, { cause });
  }
  const scheme = SCHEMES[parsed.protocol];
  if (!scheme) {
    throw new PushError("bad_url", `"${text}" does not begin with http:, https:, ws: or wss:`);
  }
  if (isIdle) return undefined;
  parsed.protocol = scheme;
  parsed.hash = "";
  if (parsed.pathname === "/") parsed.pathname = "/rps";
  return parsed.href;
}
