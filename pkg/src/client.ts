// The client: connection, subscriptions, documents and sends of one page.
import { address } from "./address.js";
import { openAsset } from "./asset.js";
import { badArgument, checkNames, checkStream } from "./arguments.js";
import { attached, encode } from "./body.js";
import { Core } from "./core.js";
import { LiveDocument } from "./document.js";
import { DocumentSource } from "./document-source.js";
import { accepted, PushError } from "./error.js";
import { uuidDigits } from "./hex.js";
import { followPage } from "./lifecycle.js";
import { Messages } from "./messages.js";
import { Listeners, type Observable, ObservableValue } from "./observable.js";
import { checkOptions, messageBytes, socketClass } from "./options.js";
import { Store, sessionStorageIfAny } from "./store.js";
import { Subscription } from "./subscription.js";
import { TokenSource } from "./token.js";
import type { Address, AnyChannels, Asset, AssetOptions, BinaryEnvelope, Handler, Notice, Options, ReadOptions, SendOptions, Stats, Status } from "./types.js";

/** Client of a push-wire server: one connection, its subscriptions and its sends. */
export class Client<Channels extends object = AnyChannels> {
  readonly #core: Core;
  readonly #url: string;
  readonly #status = new ObservableValue<Status>({ phase: "connecting", transport: null, attempt: 0 });
  readonly #faults = new Listeners<PushError>();
  readonly #notices = new Listeners<Notice>();
  readonly #documents = new Map<string, DocumentSource>();
  readonly #iterators = new Set<{ return(): unknown }>();
  readonly #leavePage: () => void;

  /** @internal */
  constructor(url: Address, options: Options) {
    const target = address(url);
    this.#url = target;
    checkOptions(options);
    const fault = (error: PushError) => this.#fault(error);
    const storage = options.storage === undefined ? sessionStorageIfAny() : options.storage;
    const clientId = options.clientId === undefined ? undefined : uuidDigits(options.clientId);
    const maxMessageBytes = messageBytes(options.maxMessageBytes);
    const { token, compression = true, storageKey = `push-wire:${target}` } = options;
    const tokens = typeof token === "function" ? new TokenSource(token, fault) : undefined;
    const socket = socketClass(options);
    const store = new Store(storage, storageKey, fault);
    const settings = { clientId, maxMessageBytes, compression, renewsToken: tokens !== undefined };
    this.#core = new Core(target, socket, store, settings, {
      wantToken: (request) => void tokens?.give(this.#core.engine, request, () => this.#core.closed),
      status: (status) => this.#turn(status),
      changed: () => this.#core.keep(),
      notice: (notice) => void this.#notices.tell(notice),
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
    checkNames(options, { topic: true });
    checkStream(channel, options.topic);
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
   * Sends a value as JSON, or a `Uint8Array` as it is, on a channel or for a topic of it. Resolves when the server has taken
   * it; sends made while away wait and go out in order.
   *
   * JSON is as `JSON.stringify` writes it: `undefined`, functions and symbols are left out of objects and become null in
   * lists, an invalid `Date` becomes null and a valid one text, a `Map` or `Set` becomes {}, and -0 becomes 0. NaN, the
   * infinities, BigInts and bytes inside of a value are refused.
   *
   * Rejects with a {@link PushError}: the server's code when it refused (`not_permitted` if the grant does not allow it),
   * `queue_full`, `too_large`, `bad_value`, `bad_topic`, `bad_argument` or `closed`.
   */
  async send<K extends keyof Channels & string>(
    channel: K,
    value: Channels[K] | Uint8Array,
    options: SendOptions = {},
  ): Promise<void> {
    this.#core.check();
    checkNames(options, { topic: true });
    checkStream(channel, options.topic);
    const isBytes = value instanceof Uint8Array;
    const body = isBytes ? attached(value) : encode(value);
    const ticket = accepted(this.#core.engine.send(channel, options.topic, isBytes, body));
    return this.#core.host.answer(ticket);
  }

  /**
   * Opens an asset that the server has sent with `send_binary`: decodes it, or fetches its URL, and checks its size and
   * SHA-256.
   *
   * Rejects with a {@link PushError}: `bad_asset`, `unreachable` or `bad_argument`.
   */
  async openAsset(envelope: BinaryEnvelope, options: AssetOptions = {}): Promise<Asset> {
    return openAsset(envelope, this.#url, options);
  }

  /**
   * Calls `listener` for errors outside of sends, and for a subscription that the server ends without a listener
   * for its outcomes, each in a microtask. Without a listener they are warnings in the console.
   */
  onFault(listener: (error: PushError) => void): () => void {
    return this.#faults.add(listener);
  }

  /**
   * Calls `listener` for notices that the application on the server sends with `send_system`, and for `slow`, which the
   * server sends to a page that exceeds its rate limits.
   */
  onNotice(listener: (notice: Notice) => void): () => void {
    return this.#notices.add(listener);
  }

  /** Connects at once: after `closed`, or while the client waits for its next attempt. */
  connect(): void {
    this.#core.check();
    this.#core.engine.connect();
  }

  /** Drops the connection and makes no attempt for some milliseconds, for tests of a page. */
  interrupt(milliseconds: number): void {
    this.#core.check();
    if (typeof milliseconds !== "number" || !(milliseconds >= 0)) throw badArgument("milliseconds", milliseconds, "a number from 0 on");
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
