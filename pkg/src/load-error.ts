// Errors of the start of the WebAssembly module.
import { PushError, thrownText } from "./error.js";

/** As Chromium, Firefox and Safari say it. */
const POLICY = /content.security.policy|\bCSP\b/i;

/** The error of a module that could not be compiled, or not be loaded from the URL `source`. */
export function loadError(cause: unknown, source?: object | string): PushError {
  const text = thrownText(cause);
  const fail = (message: string) => new PushError("not_loaded", message, { cause });
  if (typeof WebAssembly !== "object") return fail("this browser runs no WebAssembly: it is turned off, as in Safari's Lockdown Mode, or too old");
  if (POLICY.test(text)) return fail(`the page's Content-Security-Policy forbids WebAssembly; add 'wasm-unsafe-eval' to its script-src (${text})`);
  if (source === undefined) return fail(`the WebAssembly module cannot be used: ${text}`);
  const advice = typeof location === "object" ? "is it served there, as application/wasm?" : "Node.js fetches no file: URL; give initWasm the bytes of the file";
  return fail(`${source} could not be loaded: ${text}; ${advice}`);
}
