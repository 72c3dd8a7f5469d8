// The table of streams: cursor, head, and how the last subscribe or resume ended.
import { count } from "./format.js";
import { tell } from "./notices.js";
import { write } from "./status.js";

export class Streams {
  #body;
  #rows = [];
  #caughtUp = 0;

  constructor(body) {
    this.#body = body;
  }

  get size() {
    return this.#rows.length;
  }

  /** Entries caught up after reconnects, over all streams. */
  get caughtUp() {
    return this.#caughtUp;
  }

  /** Adds a stream's row. `onReset(outcome)` is called when continuity was lost, before what follows arrives. */
  add(name, subscription, onReset = () => {}) {
    const row = new Row(name, subscription);
    this.#rows.push(row);
    this.#body.append(row.element);
    // After a reload the kept position is resumed too.
    let resumes = subscription.position !== undefined;
    subscription.onOutcome((outcome) => {
      row.show(outcome);
      if (outcome.type === "reset") {
        onReset(outcome);
        tell("reset", `The ${name} was reset: ${outcome.reason}`);
      } else if (outcome.type === "ended") {
        tell("problem", `The ${name} has ended: ${outcome.reason} ${outcome.message}`);
      } else if (resumes && outcome.caughtUp > 0) {
        this.#caughtUp += outcome.caughtUp;
        tell("resumed", `The ${name} resumed: ${caughtUp(outcome)}`);
      }
      resumes = true;
    });
    row.refresh();
  }

  refresh() {
    for (const row of this.#rows) row.refresh();
  }

  /** Entries between cursor and head, over all streams. */
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
    const resumed = outcome.type === "resumed";
    this.#outcome.dataset.kind = outcome.type;
    this.#outcome.textContent = resumed ? `resumed, ${outcome.caughtUp}` : outcome.reason;
    this.#outcome.title = resumed ? caughtUp(outcome) : outcome.type;
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
