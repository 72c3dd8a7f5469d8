// Observable values and sets of listeners.
import { checkFunction } from "./arguments.js";
import { reportUncaught } from "./error.js";

/** A value that changes. */
export interface Observable<T> {
  /** The current value. */
  readonly value: T;
  /** Calls `listener` now and after each change; the returned function ends that. Exceptions of `listener` are reported as uncaught. */
  subscribe(listener: (value: T) => void): () => void;
}

/** Calls a listener and reports its exception. */
export function call<T>(listener: (value: T) => void, value: T): void {
  try {
    listener(value);
  } catch (error) {
    reportUncaught(error);
  }
}

/** Whether two objects of plain fields have the same ones. */
export function isSame<T extends object>(a: T, b: T): boolean {
  const names = Object.keys({ ...a, ...b }) as (keyof T)[];
  return names.every((name) => a[name] === b[name]);
}

/** A set of listeners. An exception of one does not prevent calls of the others. */
export class Listeners<T> {
  private readonly listeners = new Set<(value: T) => void>();

  add(listener: (value: T) => void): () => void {
    checkFunction("listener", listener);
    // Wrapped, so that the same function may listen twice.
    const entry = (value: T) => listener(value);
    this.listeners.add(entry);
    return () => void this.listeners.delete(entry);
  }

  get size(): number {
    return this.listeners.size;
  }

  /** Returns whether there were listeners. */
  tell(value: T): boolean {
    const listeners = [...this.listeners];
    for (const listener of listeners) call(listener, value);
    return listeners.length > 0;
  }
}

/** Listeners of a client that has nothing to tell: it keeps none. */
export class NoListeners<T> extends Listeners<T> {
  override add(listener: (value: T) => void): () => void {
    checkFunction("listener", listener);
    return () => {};
  }
}

/** An observable that its owner sets. */
export class ObservableValue<T> implements Observable<T> {
  private readonly listeners: Listeners<T>;
  private current: T;

  constructor(value: T, listeners: Listeners<T>) {
    this.current = value;
    this.listeners = listeners;
  }

  get value(): T {
    return this.current;
  }

  set(value: T): void {
    this.current = value;
    this.listeners.tell(value);
  }

  // A function of its own, which works without its object: `const { subscribe } = client.status`.
  readonly subscribe = (listener: (value: T) => void): (() => void) => {
    const end = this.listeners.add(listener);
    call(listener, this.current);
    return end;
  };
}
