// The table of streams: cursor, head, and how the last subscribe or resume ended.
import { count } from "./format.js";
import { tell } from "./notices.js";
import { write } from "./status.js";

export class Streams {
  #body;
  #rows = [];
  #caughtUp = 0n;

  constructor(body) {
    this.#body = body;
  }

  get size() {
    return this.#rows.length;
  }

  /** Entries read after the cursor, over all returns. */
  get caughtUp() {
    return this.#caughtUp;
  }

  /** Adds a stream's row. `onReset(outcome)` is called when continuity was lost, before what follows arrives. */
  add(name, subscription, onReset = () => {}) {
    const row = new Row(name, subscription);
    this.#rows.push(row);
    this.#body.append(row.element);
    let before = false;
    subscription.onOutcome((outcome) => {
      row.show(outcome);
      if (outcome.kind === "reset") {
        onReset(outcome);
        tell("reset", `The ${name} began anew: ${outcome.reason}`);
      } else if (before && outcome.caughtUp > 0) {
        this.#caughtUp += BigInt(outcome.caughtUp);
        tell("resumed", `${name} resumed: ${caughtUp(outcome)}`);
      }
      before = true;
    });
    row.refresh();
  }

  refresh() {
    for (const row of this.#rows) row.refresh();
  }

  /** Entries that are known to be there and have not arrived, over all streams. */
  behind() {
    return this.#rows.reduce((sum, row) => sum + row.lag(), 0n);
  }
}

const caughtUp = (outcome) => `${count(outcome.caughtUp, "entry", "entries")} caught up`;

class Row {
  #subscription;
  #cursor = document.createElement("td");
  #head = document.createElement("td");
  #outcome = document.createElement("td");

  constructor(name, subscription) {
    this.#subscription = subscription;
    const title = document.createElement("td");
    title.textContent = name;
    this.#outcome.textContent = "–";
    this.element = document.createElement("tr");
    this.element.dataset.stream = name;
    this.element.append(title, this.#cursor, this.#head, this.#outcome);
  }

  #cursorNow() {
    return this.#subscription.position?.cursor ?? 0n;
  }

  #headNow() {
    const cursor = this.#cursorNow();
    const head = this.#subscription.head ?? 0n;
    return head > cursor ? head : cursor;
  }

  lag() {
    return this.#headNow() - this.#cursorNow();
  }

  show(outcome) {
    this.#outcome.dataset.kind = outcome.kind;
    this.#outcome.textContent =
      outcome.kind === "reset" ? `reset: ${outcome.reason}` : `resumed, ${outcome.caughtUp}`;
    this.#outcome.title = outcome.kind === "reset" ? "continuity could not be proved" : caughtUp(outcome);
  }

  refresh() {
    const cursor = String(this.#cursorNow());
    const head = String(this.#headNow());
    write(this.#cursor, cursor);
    write(this.#head, head);
    this.element.dataset.cursor = cursor;
    this.element.dataset.head = head;
    this.element.dataset.behind = String(this.lag() > 0n);
  }
}
