// Events of the page (visibility, network, leaving), passed on to the client.
import type { Core } from "./core.js";

/**
 * Follows the page's life: no attempts while it is hidden or offline, at once when it is back, and its place in the
 * storage given free when it is left. Returns what ends that; without a page around there is nothing to follow.
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
