// List of events of the connection and its streams, newest first.
import { clock } from "./format.js";

const KEPT = 50;

/** Adds a line; `kind` is "connection", "resumed", "reset" or "problem". */
export function tell(kind, text) {
  const list = document.querySelector("#notices");
  const time = document.createElement("time");
  time.textContent = clock(Date.now());
  const words = document.createElement("span");
  words.textContent = text;
  const item = document.createElement("li");
  item.dataset.kind = kind;
  item.append(time, words);
  list.prepend(item);
  while (list.children.length > KEPT) list.lastElementChild.remove();
}
