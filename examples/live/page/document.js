// Panel of the watched file: its rendered text, and the bytes that its changes take on the wire.
import { bytes, share } from "./format.js";
import { blocks } from "./markdown/blocks.js";
import { render } from "./markdown/render.js";
import { write } from "./status.js";

const element = (id) => document.getElementById(id);

export function showDocument(client, streams) {
  const article = element("document");
  const shown = new Blocks(article);
  const file = client.document("document");
  streams.add("document", file);
  window.liveDocument = {
    get value() {
      return file.value?.text;
    },
    get stats() {
      return file.stats;
    },
  };
  const costs = new Costs();
  file.subscribe((value) => {
    write(element("document-name"), value.name);
    if (value.problem) {
      shown.problem(value.problem);
      return;
    }
    shown.show(value.text);
    article.dataset.text = value.text;
    costs.show(file.stats);
  });
}

/** The rendered blocks. Blocks with an unchanged source keep their elements, so that reading is not disturbed. */
class Blocks {
  #article;
  #sources = null;

  constructor(article) {
    this.#article = article;
  }

  problem(text) {
    const words = document.createElement("p");
    words.className = "nothing";
    words.textContent = text;
    this.#article.replaceChildren(words);
    delete this.#article.dataset.text;
    this.#sources = null;
  }

  show(text) {
    const next = blocks(text);
    const sources = next.map((block) => JSON.stringify(block));
    const before = this.#sources;
    this.#sources = sources;
    if (before === null) {
      this.#article.replaceChildren(...next.map(render));
      return;
    }
    const head = commonHead(before, sources);
    const tail = commonTail(before, sources, head);
    const old = [...this.#article.children].slice(head, before.length - tail);
    const anchor = this.#article.children[before.length - tail] ?? null;
    for (const child of old) child.remove();
    for (const block of next.slice(head, next.length - tail)) {
      const fresh = render(block);
      fresh.classList.add("changed");
      this.#article.insertBefore(fresh, anchor);
    }
  }
}

function commonHead(a, b) {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length += 1;
  return length;
}

function commonTail(a, b, head) {
  const most = Math.min(a.length, b.length) - head;
  let length = 0;
  while (length < most && a[a.length - 1 - length] === b[b.length - 1 - length]) length += 1;
  return length;
}

/** Bytes received for the changes, against bytes of the whole values. The first value is not a change. */
class Costs {
  #first = null;
  #before = null;

  show(now) {
    const { updates, wireBytes, valueBytes } = now;
    if (this.#first === null) {
      this.#first = now;
      write(element("document-size"), bytes(valueBytes));
      this.#before = now;
      return;
    }
    const sent = wireBytes - this.#before.wireBytes;
    const whole = (valueBytes - this.#before.valueBytes) / Math.max(1, updates - this.#before.updates);
    this.#before = now;
    write(element("document-size"), bytes(whole));
    write(element("document-last"), `${bytes(sent)} · ${share(sent, whole)}`);
    element("document-meter").value = Math.min(1, sent / whole);
    const changes = updates - this.#first.updates;
    const allSent = wireBytes - this.#first.wireBytes;
    const allWhole = valueBytes - this.#first.valueBytes;
    write(element("document-all"), `${changes}: ${bytes(allSent)} · ${share(allSent, allWhole)}`);
  }
}
