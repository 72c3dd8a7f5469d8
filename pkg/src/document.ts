// Live documents: the newest value of a state stream, as the application uses it.
import { badArgument, checkFunction } from "./arguments.js";
import type { DocumentSource } from "./document-source.js";
import { call } from "./observable.js";
import type { Outcome, Position } from "./types.js";

/** The part of an element's interface that {@link LiveDocument.bind} needs. */
export interface TextElement {
  textContent: string | null;
}

/** Counters of a document. */
export interface DocumentStats {
  /** Values received. */
  readonly updates: number;
  /** Bytes of these values, whole. */
  readonly valueBytes: number;
  /** Bytes of the frames that carried them, deltas or whole. */
  readonly wireBytes: number;
}

/** A document that the server keeps up to date: a state channel, or a topic of one. */
export class LiveDocument<T> {
  private readonly source: DocumentSource;
  private readonly left: (source: DocumentSource) => void;
  private readonly ends = new Set<() => void>();
  private isClosed = false;

  /** @internal */
  constructor(source: DocumentSource, left: (source: DocumentSource) => void) {
    source.use();
    this.source = source;
    this.left = left;
  }

  /** The newest value; `undefined` before the first. Do not change it. */
  get value(): T | undefined {
    return this.source.value as T | undefined;
  }

  /** Position of the value; `undefined` before the first. */
  get position(): Position | undefined {
    return this.source.position;
  }

  /** Cursor of the newest known version. */
  get head(): bigint | undefined {
    return this.source.head;
  }

  get stats(): DocumentStats {
    return this.source.stats;
  }

  /** Calls `listener` with the value, now if there is one and after each change; the returned function ends that. */
  subscribe(listener: (value: T) => void): () => void {
    checkFunction("listener", listener);
    const told = () => listener(this.source.value as T);
    const end = this.listen(this.source.onValue(told));
    if (this.source.stats.updates > 0) call(listener, this.source.value as T);
    return end;
  }

  /** Calls `listener` for each outcome from now on; the returned function ends that. */
  onOutcome(listener: (outcome: Outcome) => void): () => void {
    return this.listen(this.source.onOutcome(listener));
  }

  /**
   * Shows the value in an element, from now on: a string as text, anything else as indented JSON with BigInts as text, or by
   * `render`.
   * The returned function ends that.
   */
  bind<E extends TextElement>(element: E, render: (element: E, value: T) => void = showText): () => void {
    if (typeof element !== "object" || element === null) throw badArgument("element", element, "an element of the page");
    checkFunction("render", render);
    return this.subscribe((value) => render(element, value));
  }

  /** Removes all listeners, and ends the subscription if no other document uses it. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const end of this.ends) end();
    if (this.source.leave()) this.left(this.source);
  }

  private listen(end: () => void): () => void {
    const ending = () => {
      this.ends.delete(ending);
      end();
    };
    this.ends.add(ending);
    return ending;
  }
}

function showText(element: TextElement, value: unknown): void {
  const plain = (_: string, item: unknown) => (typeof item === "bigint" ? String(item) : item);
  element.textContent = typeof value === "string" ? value : JSON.stringify(value, plain, 2);
}
