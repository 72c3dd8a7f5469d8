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

/** WebSocket URL of the application's address; without a path, the server's default `/rps`. */
export function address(url: Address): string {
  const text = typeof url === "string" ? url : url?.href;
  if (typeof text !== "string") throw new PushError("bad_url", "connect needs a URL, as text or as a URL");
  const base = typeof location === "object" ? location.href : undefined;
  let parsed: URL;
  try {
    parsed = new URL(text, base);
  } catch (cause) {
    const advice = base ? "" : "; a relative URL needs a page around it";
    throw new PushError("bad_url", `"${text}" is not a URL${advice}`, { cause });
  }
  const scheme = SCHEMES[parsed.protocol];
  if (!scheme) {
    throw new PushError("bad_url", `"${text}" does not begin with http:, https:, ws: or wss:`);
  }
  parsed.protocol = scheme;
  parsed.hash = "";
  if (parsed.pathname === "/") parsed.pathname = "/rps";
  return parsed.href;
}
