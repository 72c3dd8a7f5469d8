// Panel of the followed file: each line is one entry, shown once, over lost connections and reloads.
import { KeptEntries } from "./kept.js";

const SHOWN = 2000;

export function showLog(client, streams, about) {
  const list = new List(document.getElementById("log"), SHOWN);
  const kept = new KeptEntries("log", SHOWN);
  document.getElementById("log-name").textContent = about.log;
  if (about.own_requests) showRequestButton();

  for (const { cursor, value } of kept.load()) list.line(cursor, value, false);
  const begin = (epoch) => {
    kept.begin(epoch);
    list.clear();
  };
  const subscription = client.on("log", (entry) => {
    if (!kept.isOf(entry.epoch)) begin(entry.epoch);
    if (kept.add(entry)) list.line(entry.cursor, entry.value, resumed && entry.replayed);
  });
  // Lines older than the first subscribe do not count as caught up.
  let known = subscription.position !== undefined;
  let resumed = false;
  subscription.onOutcome((outcome) => {
    resumed = known && outcome.type === "resumed";
    known = true;
  });
  streams.add("log", subscription, ({ reason, position }) => {
    begin(position.epoch);
    list.note(`the log was reset: ${reason}`);
  });
}

/** Shows the button that makes a request, which adds a line to the server's request log. */
function showRequestButton() {
  const button = document.getElementById("make-request");
  button.hidden = false;
  button.addEventListener("click", () => fetch("/ping", { method: "POST" }));
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
      item.title = "caught up after a reconnect";
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
