// Events of the page (visibility, network, leaving), passed on to the client.
import type { Core } from "./core.js";

/**
 * Suspends the client while the page is hidden or offline, wakes it afterwards, and releases its key in the
 * storage when the page is left. Returns a function that ends this; without a page it does nothing.
 */
export function followPage(core: Core): () => void {
  if (typeof document !== "object" || typeof addEventListener !== "function") return () => {};
  const attend = () => {
    if (document.visibilityState === "hidden" || navigator.onLine === false) core.engine.suspend();
    else core.engine.wake();
  };
  const leave = () => core.store.hold(false);
  const comeBack = () => {
    core.store.hold(true);
    attend();
  };
  const events: [EventTarget, string, () => void][] = [
    [document, "visibilitychange", attend],
    [document, "resume", attend],
    [globalThis, "online", attend],
    [globalThis, "offline", attend],
    [globalThis, "pagehide", leave],
    [globalThis, "pageshow", comeBack],
  ];
  for (const [target, type, listener] of events) target.addEventListener(type, listener);
  return () => {
    for (const [target, type, listener] of events) target.removeEventListener(type, listener);
  };
}
