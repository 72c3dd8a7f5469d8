// Observable values and sets of listeners.
import { checkFunction } from "./arguments.js";
import { reportUncaught } from "./error.js";

/** A value that changes. */
export interface Observable<T> {
  /** The current value. */
  readonly value: T;
  /** Calls `listener` at once and after each change; the returned function removes it. Exceptions of `listener` are reported as uncaught. */
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

/** Returns whether two objects have the same fields, compared with `===`. */
export function isSame<T extends object>(a: T, b: T): boolean {
  const names = Object.keys({ ...a, ...b }) as (keyof T)[];
  return names.every((name) => a[name] === b[name]);
}

/** A set of listeners. An exception of one does not prevent calls of the others. */
export class Listeners<T> {
  private readonly listeners = new Set<(value: T) => void>();

  add(listener: (value: T) => void): () => void {
    checkFunction("listener", listener);
    // Wrapped, so that the same function can be added twice.
    const entry = (value: T) => listener(value);
    this.listeners.add(entry);
    return () => void this.listeners.delete(entry);
  }

  get size(): number {
    return this.listeners.size;
  }

  /** Calls the listeners. Returns whether there were any. */
  tell(value: T): boolean {
    const listeners = [...this.listeners];
    for (const listener of listeners) call(listener, value);
    return listeners.length > 0;
  }
}

/** Listeners of an idle client, which never calls them: none is stored. */
export class NoListeners<T> extends Listeners<T> {
  override add(listener: (value: T) => void): () => void {
    checkFunction("listener", listener);
    return () => {};
  }
}

/** Observable whose value is set by its owner. */
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

  // A property, so that it works detached from its object: `const { subscribe } = client.status`.
  readonly subscribe = (listener: (value: T) => void): (() => void) => {
    const end = this.listeners.add(listener);
    call(listener, this.current);
    return end;
  };
}
