// The client: connection, subscriptions, documents and sends of one page.
import { address } from "./address.js";
import { badArgument, checkNames, checkSignal, checkStream, checkText } from "./arguments.js";
import { openAsset } from "./asset.js";
import { attached, isByteArray } from "./body.js";
import { Core } from "./core.js";
import { LiveDocument } from "./document.js";
import { DocumentSource } from "./document-source.js";
import type { Engine } from "./engine.js";
import { PushError } from "./error.js";
import { idleError } from "./idle.js";
import { Messages } from "./messages.js";
import { isSame, Listeners, NoListeners, type Observable, ObservableValue } from "./observable.js";
import { checkOptions } from "./options.js";
import { ObservableStats } from "./stats.js";
import { Subscription } from "./subscription.js";
import type { Address, AnyChannels, Asset, AssetOptions, BinaryEnvelope, Entry, Handler, Notice, Options, ReadName, ReadOf, ReadOptions, SendName, SendOf, SendOptions, Stats, Status } from "./types.js";

/** Client of a push-wire server: one connection, its subscriptions and its sends. */
export class Client<Channels extends object = AnyChannels> {
  private readonly core: Core;
  private readonly url: string | undefined;
  /** The module; undefined while the client is idle. */
  private readonly engine: Engine | undefined;
  private readonly state: ObservableValue<Status>;
  private readonly counters: ObservableStats;
  private readonly faults: Listeners<PushError>;
  private readonly notices: Listeners<Notice>;
  private readonly documents = new Map<string, DocumentSource>();

  /** @internal `load` gives the module; it is not called where the client is idle. */
  constructor(url: Address, options: Options, load: () => Engine) {
    this.url = address(url);
    checkOptions(options);
    const isIdle = this.url === undefined;
    // Before the client takes its key in the storage.
    this.engine = isIdle ? undefined : load();
    const Kept = isIdle ? NoListeners : Listeners;
    this.state = new ObservableValue<Status>({ phase: isIdle ? "idle" : "connecting", transport: null, attempt: 0 }, new Kept());
    this.faults = new Kept();
    this.notices = new Kept();
    this.core = new Core(this.url, this.engine, options, {
      status: (status) => this.turn(status),
      notice: (notice) => void this.notices.tell(notice),
      fault: (error) => this.fault(error),
      counted: () => this.counters.changed(),
    });
    this.counters = new ObservableStats(this.core, new Kept());
    this.core.page.start();
    const { signal } = options;
    if (signal?.aborted) this.close();
    else if (signal) this.core.follow(signal, () => this.close());
  }

  /**
   * The client's UUID, by which the server addresses it. Empty while the client is idle, and with `persist: "device"` until the
   * kept state was read, which is before it connects.
   */
  get id(): string {
    return this.core.id;
  }

  /** State of the connection. */
  get status(): Observable<Status> {
    return this.state;
  }

  /** Counters since the client was created. A listener is called at most ten times a second. */
  get stats(): Observable<Stats> {
    return this.counters;
  }

  /**
   * Reads a stream: `handler` is called with each entry once, in order, over all reconnects. Several readers of one stream
   * share its entries: the first one's `from` and `persist` count, and a later one gets what comes from then on, and the
   * value of a state at once.
   */
  on<K extends ReadName<Channels>>(
    channel: K,
    handler: Handler<ReadOf<Channels[K]>>,
    options: ReadOptions = {},
  ): Subscription<ReadOf<Channels[K]>> {
    return new Subscription(this.core, channel, options, handler);
  }

  /** Reads a stream as an async iterable; a `break` out of its loop ends the reading. */
  messages<K extends ReadName<Channels>>(channel: K, options: ReadOptions = {}): Messages<ReadOf<Channels[K]>> {
    return new Messages<ReadOf<Channels[K]>>(
      options,
      (handler, closed) => new Subscription(this.core, channel, options, handler, closed),
    );
  }

  /**
   * Waits for the next entry of a stream, and ends the reading. Rejects when the server ends it, or the client is closed, and
   * with the reason of `signal` when that is aborted.
   */
  async once<K extends ReadName<Channels>>(channel: K, options: ReadOptions = {}): Promise<Entry<ReadOf<Channels[K]>>> {
    const messages = this.messages(channel, options);
    try {
      const { done, value } = await messages.next();
      if (done && options.signal?.aborted) throw options.signal.reason;
      if (done) throw new PushError("closed", "the reading ended before an entry arrived");
      return value;
    } finally {
      await messages.return();
    }
  }

  /** The document of a state channel, or of a topic of one. */
  document<K extends ReadName<Channels>>(channel: K, options: { topic?: string } = {}): LiveDocument<ReadOf<Channels[K]>> {
    this.core.check();
    checkNames(options, { topic: true });
    checkStream(channel, options.topic);
    const name = JSON.stringify([channel, options.topic]);
    let source = this.documents.get(name);
    if (!source || source.over) {
      source = new DocumentSource(this.core, channel, options.topic);
      // An idle client keeps nothing: a server may render without end.
      if (this.url !== undefined) this.documents.set(name, source);
    }
    return new LiveDocument(source, (left) => {
      if (this.documents.get(name) === left) this.documents.delete(name);
    });
  }

  /**
   * Sends a value, or a `Uint8Array` as it is, on a channel or for a topic of it. Resolves when the server has taken
   * it; sends made while away wait and go out in order.
   *
   * The value is as `JSON.stringify` writes it: `undefined`, functions and symbols are left out of objects and become null in
   * lists, an invalid `Date` becomes null and a valid one text. NaN, the infinities, and bytes, `Map`, `Set`, `Blob` and
   * `Promise` inside of a value are refused. In JSON -0 becomes 0, and BigInts are refused; in MessagePack and CBOR -0 is kept,
   * and BigInts are integers, from -2^63 to 2^64 - 1.
   *
   * While the server refuses the client (`status.phase` is `closed`), sends from before wait for {@link connect}.
   *
   * Rejects with a {@link PushError}: the server's code when it refused (`not_permitted` if the grant does not allow it),
   * `queue_full`, `too_large`, `bad_value`, `bad_topic`, `bad_argument`, `closed` or `idle`. With the reason of `signal` when
   * that is aborted: a message that still waits is not sent then; one that was sent may be carried out all the same.
   */
  send<K extends SendName<Channels>>(
    channel: K,
    value: SendOf<Channels[K]> | Uint8Array,
    options: SendOptions = {},
  ): Promise<void> {
    const sent = this.queue(channel, value, options);
    // A rejection that nobody looks at is not reported as unhandled: `client.send(x); client.close()`.
    sent.catch(() => {});
    return sent;
  }

  private async queue(channel: string, value: unknown, options: SendOptions): Promise<void> {
    this.core.check();
    checkNames(options, { topic: true, signal: true });
    checkStream(channel, options.topic);
    checkSignal(options.signal);
    const isBytes = isByteArray(value);
    const body = isBytes ? attached(value) : this.core.encode(value);
    return this.core.send(channel, options.topic, isBytes, body, options.signal);
  }

  /**
   * Opens an asset that the server has sent with `send_binary`: decodes it, or fetches its URL, and checks its size and
   * SHA-256.
   *
   * Rejects with a {@link PushError}: `bad_asset`, `unreachable`, `bad_argument` or `idle`.
   */
  async openAsset(envelope: BinaryEnvelope, options: AssetOptions = {}): Promise<Asset> {
    if (this.url === undefined || this.engine === undefined) throw idleError();
    return openAsset(this.engine, envelope, this.url, options);
  }

  /**
   * Calls `listener` for errors outside of sends, and for a subscription that the server ends without a listener
   * for its outcomes, each in a microtask. Without a listener they are warnings in the console.
   */
  onFault(listener: (error: PushError) => void): () => void {
    return this.faults.add(listener);
  }

  /**
   * Calls `listener` for notices that the application on the server sends with `send_system`, and for `slow`, which the
   * server sends to a page that exceeds its rate limits.
   */
  onNotice(listener: (notice: Notice) => void): () => void {
    return this.notices.add(listener);
  }

  /**
   * Sets the token. While connected, the server is sent it at once, and when it has checked it the connection goes on under
   * its grant: more or fewer rights, or a later end. A grant without an end is replaced by a new connection. Otherwise, and
   * with null, the token counts from the next connection, before which a token function is asked for another one.
   */
  setToken(token: string | null): void {
    this.core.check();
    if (token !== null) checkText("token", token);
    this.core.page.setToken(token);
  }

  /** Connects at once: after `closed`, or while the client waits for its next attempt. */
  connect(): void {
    this.core.check();
    this.core.page.connect();
  }

  /** Drops the connection and makes no attempt for some milliseconds, for tests of a page. */
  interrupt(milliseconds: number): void {
    this.core.check();
    if (typeof milliseconds !== "number" || !(milliseconds >= 0)) throw badArgument("milliseconds", milliseconds, "a number from 0 on");
    this.core.page.interrupt(milliseconds);
  }

  /** Sends a goodbye, and ends subscriptions, documents, iterators and unanswered sends. */
  close(): void {
    if (this.core.closed) return;
    this.core.close();
    this.documents.clear();
    // Reported once: the server may have closed it before.
    if (this.state.value.phase === "closed") return;
    this.state.set({ phase: "closed", transport: null, attempt: 0 });
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  private turn(status: Status): void {
    const before = this.state.value;
    // The end itself is reported, once.
    if (this.core.closed && (status.phase !== "closed" || before.phase === "closed")) return;
    // The module tells waiting for a token from waiting for the server; a page sees `connecting` in both.
    if (!isSame(before, status)) this.state.set(status);
  }

  /** Reports in a microtask, because there is no listener before the constructor has returned. */
  private fault(error: PushError): void {
    queueMicrotask(() => {
      if (!this.faults.tell(error)) console.warn("push-wire:", error);
    });
  }
}
