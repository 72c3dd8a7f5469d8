// The client: connection, subscriptions, documents and sends of one page.
import { address } from "./address.js";
import { Core } from "./core.js";
import { LiveDocument } from "./document.js";
import { DocumentSource } from "./document-source.js";
import { accepted, PushError, thrownText } from "./error.js";
import { uuidDigits } from "./hex.js";
import { followPage } from "./lifecycle.js";
import { Messages } from "./messages.js";
import { Listeners, type Observable, ObservableValue } from "./observable.js";
import { Store, sessionStorageIfAny } from "./store.js";
import { Subscription } from "./subscription.js";
import { TokenSource } from "./token.js";
import type { Address, AnyChannels, Handler, Options, ReadOptions, Stats, Status, WebSocketClass } from "./types.js";

/** Bounds of `maxMessageBytes`: room for the handshake, and the engine's 32-bit sizes. */
const MIN_MESSAGE_BYTES = 4096;
const MAX_MESSAGE_BYTES = 2 ** 31 - 1;

/** Client of a push-wire server: one connection, its subscriptions and its sends. */
export class Client<Channels extends object = AnyChannels> {
  readonly #core: Core;
  readonly #status = new ObservableValue<Status>({ phase: "connecting", transport: null, attempt: 0 });
  readonly #faults = new Listeners<PushError>();
  readonly #documents = new Map<string, DocumentSource>();
  readonly #iterators = new Set<{ return(): unknown }>();
  readonly #leavePage: () => void;

  /** @internal */
  constructor(url: Address, options: Options) {
    const target = address(url);
    const fault = (error: PushError) => this.#fault(error);
    const storage = options.storage === undefined ? sessionStorageIfAny() : options.storage;
    const clientId = options.clientId === undefined ? undefined : uuidDigits(options.clientId);
    const maxMessageBytes = messageBytes(options.maxMessageBytes);
    const { token, compression = true } = options;
    const tokens = typeof token === "function" ? new TokenSource(token, fault) : undefined;
    const socket = socketClass(options);
    const store = new Store(storage, options.storageKey ?? `push-wire:${target}`, fault);
    const settings = { clientId, maxMessageBytes, compression, renewsToken: tokens !== undefined };
    this.#core = new Core(target, socket, store, settings, {
      wantToken: (request) => void tokens?.give(this.#core.engine, request, () => this.#core.closed),
      status: (status) => this.#turn(status),
      changed: () => this.#core.keep(),
      fault,
    });
    if (typeof token === "string" && !this.#core.engine.setToken(token)) {
      this.#core.close();
      throw new PushError("bad_argument", "token is larger than 16 KiB");
    }
    this.#leavePage = followPage(this.#core);
    this.#core.engine.connect();
  }

  /** The client's UUID, by which the server addresses it. */
  get id(): string {
    return this.#core.id;
  }

  /** State of the connection. */
  get status(): Observable<Status> {
    return this.#status;
  }

  /** Counters since the client was created. */
  get stats(): Stats {
    this.#core.check();
    const { engine, host } = this.#core;
    return {
      messagesIn: engine.count(0),
      messagesOut: engine.count(1),
      bytesIn: engine.count(2),
      bytesOut: engine.count(3),
      entries: engine.count(4),
      valueBytes: engine.count(5),
      deltas: engine.count(6),
      repeats: engine.count(7),
      gaps: engine.count(8),
      compressed: engine.count(9),
      dictionaries: engine.count(10),
      dictionariesFailed: host.dictionariesFailed,
    };
  }

  /** Reads a stream: `handler` is called with each entry once, in order, over all reconnects. */
  on<K extends keyof Channels & string>(
    channel: K,
    handler: Handler<Channels[K]>,
    options: ReadOptions = {},
  ): Subscription<Channels[K]> {
    return new Subscription(this.#core, channel, options, handler);
  }

  /** Reads a stream as an async iterable; a `break` out of its loop ends the reading. */
  messages<K extends keyof Channels & string>(channel: K, options: ReadOptions = {}): Messages<Channels[K]> {
    const messages = new Messages<Channels[K]>(
      (handler, onClose) => new Subscription(this.#core, channel, options, handler, onClose),
      (over) => this.#iterators.delete(over),
    );
    this.#iterators.add(messages);
    return messages;
  }

  /** The document of a state channel, or of a topic of one. */
  document<K extends keyof Channels & string>(channel: K, options: { topic?: string } = {}): LiveDocument<Channels[K]> {
    this.#core.check();
    const name = JSON.stringify([channel, options.topic]);
    let source = this.#documents.get(name);
    if (!source || source.over) {
      source = new DocumentSource(this.#core, channel, options.topic);
      this.#documents.set(name, source);
    }
    return new LiveDocument(source, (left) => {
      if (this.#documents.get(name) === left) this.#documents.delete(name);
    });
  }

  /**
   * Sends a value as JSON, or a `Uint8Array` as it is. Resolves when the server has taken it; sends made while away wait and
   * go out in order.
   *
   * Rejects with a {@link PushError}: the server's code when it refused, `queue_full`, `too_large`, `bad_value` or `closed`.
   */
  async send<K extends keyof Channels & string>(channel: K, value: Channels[K] | Uint8Array): Promise<void> {
    this.#core.check();
    const isBytes = value instanceof Uint8Array;
    const body = isBytes ? value : encode(value);
    const ticket = accepted(this.#core.engine.send(channel, isBytes, body));
    return this.#core.host.answer(ticket);
  }

  /**
   * Calls `listener` for errors outside of sends, and for a subscription that the server ends without a listener
   * for its outcomes, each in a microtask. Without a listener they are warnings in the console.
   */
  onFault(listener: (error: PushError) => void): () => void {
    return this.#faults.add(listener);
  }

  /** Connects at once: after `closed`, or while the client waits for its next attempt. */
  connect(): void {
    this.#core.check();
    this.#core.engine.connect();
  }

  /** Drops the connection and makes no attempt for some milliseconds, for tests of a page. */
  interrupt(milliseconds: number): void {
    this.#core.check();
    this.#core.engine.interrupt(milliseconds);
  }

  /** Sends a goodbye, and ends subscriptions, documents, iterators and unanswered sends. */
  close(): void {
    if (this.#core.closed) return;
    this.#leavePage();
    this.#core.close();
    for (const messages of this.#iterators) void messages.return();
    this.#documents.clear();
    // Reported once: the server may have closed it before.
    if (this.#status.value.phase === "closed") return;
    this.#status.set({ phase: "closed", transport: null, attempt: 0 });
  }

  #turn(status: Status): void {
    if (!this.#core.closed) this.#status.set(status);
  }

  /** Reports in a microtask, because there is no listener before the constructor has returned. */
  #fault(error: PushError): void {
    queueMicrotask(() => {
      if (!this.#faults.tell(error)) console.warn("push-wire:", error);
    });
  }
}

function messageBytes(wanted = 1024 * 1024): number {
  if (Number.isInteger(wanted) && wanted >= MIN_MESSAGE_BYTES && wanted <= MAX_MESSAGE_BYTES) return wanted;
  throw new PushError("bad_argument", `maxMessageBytes is ${wanted}; it must be a whole number from ${MIN_MESSAGE_BYTES} on`);
}

function socketClass(options: Options): WebSocketClass {
  const found = options.WebSocket ?? (globalThis as { WebSocket?: WebSocketClass }).WebSocket;
  if (found) return found;
  throw new PushError("no_websocket", "this runtime has no WebSocket: pass a class in options.WebSocket");
}

const utf8 = new TextEncoder();

function encode(value: unknown): Uint8Array {
  let text: string | undefined;
  try {
    text = JSON.stringify(value, expressible);
  } catch (cause) {
    throw new PushError("bad_value", `the value cannot be sent as JSON: ${thrownText(cause)}`, { cause });
  }
  if (text !== undefined) return utf8.encode(text);
  throw new PushError("bad_value", `a value of type ${typeof value} cannot be sent`);
}

/** Refuses values that `JSON.stringify` would change silently: some numbers to null, bytes to an object. */
function expressible(key: string, value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) throw new RangeError(`${value}${place(key)} has no form in JSON`);
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    throw new TypeError(`bytes${place(key)} have no form in JSON; a message of bytes is sent as a Uint8Array`);
  }
  return value;
}

function place(key: string): string {
  return key === "" ? "" : ` in ${JSON.stringify(key)}`;
}
