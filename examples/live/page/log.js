// The followed file: each line is one entry, shown once, over cuts and reloads.
import { Kept } from "./kept.js";

const SHOWN = 2000;

export function showLog(client, streams, about) {
  const list = new List(document.getElementById("log"), SHOWN);
  const kept = new Kept("log", SHOWN);
  document.getElementById("log-name").textContent = about.log;
  if (about.own_requests) offerKnock();

  for (const { cursor, value } of kept.load()) list.line(cursor, value, false);
  const begin = (epoch) => {
    kept.begin(epoch);
    list.clear();
  };
  const subscription = client.on("log", (entry) => {
    if (!kept.isOf(entry.epoch)) begin(entry.epoch);
    if (kept.add(entry)) list.line(entry.cursor, entry.value, returned && entry.replayed);
  });
  // Lines that were there before this page first looked are not caught up.
  let known = subscription.position !== undefined;
  let returned = false;
  subscription.onOutcome((outcome) => {
    returned = known && outcome.type === "resumed";
    known = true;
  });
  streams.add("log", subscription, ({ reason, position }) => {
    begin(position.epoch);
    list.note(`the log began anew: ${reason}`);
  });
}

/** The server's own request log moves when somebody asks for something: offer to. */
function offerKnock() {
  const knock = document.getElementById("knock");
  knock.hidden = false;
  knock.addEventListener("click", () => fetch("/knock", { method: "POST" }));
}

/** A list that stays at its newest line unless the reader has scrolled away. */
class List {
  #element;
  #limit;
  #following = true;

  constructor(element, limit) {
    this.#element = element;
    this.#limit = limit;
    element.addEventListener("scroll", () => {
      const below = element.scrollHeight - element.scrollTop - element.clientHeight;
      this.#following = below < 24;
    });
  }

  line(cursor, text, replayed) {
    const item = document.createElement("li");
    item.dataset.cursor = String(cursor);
    if (replayed) {
      item.dataset.replayed = "";
      item.title = "caught up on the return";
    }
    item.textContent = text;
    this.#append(item);
  }

  note(text) {
    const item = document.createElement("li");
    item.className = "note";
    item.textContent = text;
    this.#append(item);
  }

  clear() {
    this.#element.replaceChildren();
    this.#following = true;
  }

  #append(item) {
    this.#element.append(item);
    if (this.#element.children.length > this.#limit) this.#element.firstElementChild.remove();
    if (this.#following) this.#toNewest();
  }

  /** Once per drawn frame, however many lines came. */
  #toNewest() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#element.scrollTop = this.#element.scrollHeight;
    });
  }
  #scheduled = false;
}
