// The page's side of the engine: its calls become socket, timer, download and listener calls.
import { Alarm } from "./alarm.js";
import { Dictionaries } from "./dictionaries.js";
import type { Engine, Host } from "./engine.js";
import { PushError, thrownText } from "./error.js";
import { Socket } from "./socket.js";
import type { Notice, Status, WebSocketClass } from "./types.js";

/** Bytes of an entry: of its value, and of the frame that carried it. */
export interface Size {
  readonly value: number;
  readonly wire: number;
}

/** Receiver of the engine's events of one subscription. */
export interface StreamListener {
  outcome(
    reason: string,
    caughtUp: bigint,
    epoch: bigint,
    cursor: bigint,
    tag: number,
    floor: bigint,
    head: bigint,
    isState: boolean,
  ): void;
  skipped(count: number, epoch: bigint, cursor: bigint, tag: number): void;
  entry(cursor: bigint, tag: number, value: unknown, bytes: Uint8Array | undefined, replayed: boolean, size: Size): void;
  ended(reason: string, message: string): void;
}

/** Receiver of a send's result. */
interface Ticket {
  resolve(): void;
  reject(error: PushError): void;
}

/** Receiver of the engine's events of the client. */
export interface ClientListener {
  /** The application is to be asked for a token. */
  wantToken(request: number): void;
  status(status: Status): void;
  /** The snapshot to keep has changed. */
  changed(): void;
  notice(notice: Notice): void;
  fault(error: PushError): void;
}

/** The page's side of the engine: provides socket, timer and downloads, and passes events to their receivers. */
export class PageHost implements Host {
  readonly streams = new Map<number, StreamListener>();
  readonly #tickets = new Map<number, Ticket>();
  readonly #url: string;
  readonly #socketClass: WebSocketClass;
  readonly #maxMessageBytes: number;
  readonly #memory: WebAssembly.Memory;
  readonly #client: ClientListener;
  readonly #alarm: Alarm;
  readonly #dictionaries: Dictionaries;
  /** Set before the engine does anything. */
  engine!: Engine;
  #socket: Socket | undefined;
  /** A refusal that arrived before `send` has returned its ticket. */
  #early: { ticket: number; error: PushError } | undefined;
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

  constructor(
    url: string,
    socketClass: WebSocketClass,
    maxMessageBytes: number,
    memory: WebAssembly.Memory,
    client: ClientListener,
  ) {
    this.#url = url;
    this.#socketClass = socketClass;
    this.#maxMessageBytes = maxMessageBytes;
    this.#memory = memory;
    this.#client = client;
    this.#alarm = new Alarm(() => this.engine.timeout());
    this.#dictionaries = new Dictionaries(url, (sha256, bytes) => this.engine.dictionary(sha256, bytes));
  }

  connect(attempt: number): void {
    // Kept before an attempt, so that a page which is left in its midst counts it.
    this.#client.changed();
    this.#socket?.close();
    this.#socket = undefined;
    try {
      this.#socket = new Socket(this.#socketClass, this.#url, this.#maxMessageBytes, this.engine, attempt);
    } catch (cause) {
      this.fault("no_websocket", `a WebSocket to ${this.#url} cannot be opened: ${thrownText(cause)}`);
      this.engine.closed(attempt);
    }
  }

  wantToken(request: number): void {
    this.#client.wantToken(request);
  }

  transmit(message: Uint8Array): void {
    this.#socket?.send(message);
  }

  disconnect(code: number): void {
    this.#socket?.close(code);
    this.#socket = undefined;
  }

  alarm(at: number): void {
    this.#alarm.set(at);
  }

  fetchDictionary(sha256: Uint8Array): void {
    this.#dictionaries.get(sha256);
  }

  status(phase: string, failures: number, wait: number, code: number, message: string): void {
    this.#client.status({
      phase: phase === "idle" ? "connecting" : (phase as Status["phase"]),
      transport: phase === "connected" ? "websocket" : null,
      attempt: failures,
      ...(phase === "waiting" ? { retryAt: Date.now() + Math.ceil(wait) } : undefined),
      ...(code ? { code } : undefined),
      ...(message || phase === "waiting" ? { reason: message || `no connection to ${this.#url}` } : undefined),
    });
  }

  ready(): void {
    this.#client.changed();
  }

  outcome(id: number, ...how: Parameters<StreamListener["outcome"]>): void {
    this.streams.get(id)?.outcome(...how);
  }

  skipped(id: number, ...how: Parameters<StreamListener["skipped"]>): void {
    this.streams.get(id)?.skipped(...how);
  }

  entry(
    id: number,
    cursor: bigint,
    tag: number,
    isBytes: boolean,
    replayed: boolean,
    address: number,
    length: number,
    wireBytes: number,
  ): void {
    // Absent when the application ended the subscription a moment ago.
    const stream = this.streams.get(id);
    if (!stream) return;
    const size = { value: length, wire: wireBytes };
    const view = new Uint8Array(this.#memory.buffer, address, length);
    if (isBytes) return stream.entry(cursor, tag, undefined, view.slice(), replayed, size);
    let value: unknown;
    try {
      value = JSON.parse(this.#utf8.decode(view));
    } catch (cause) {
      return this.fault("bad_payload", `entry ${cursor} is not JSON: ${cause}`);
    }
    stream.entry(cursor, tag, value, undefined, replayed, size);
  }

  ended(id: number, reason: string, message: string): void {
    const stream = this.streams.get(id);
    this.streams.delete(id);
    stream?.ended(reason, message);
  }

  sent(ticket: number): void {
    this.#take(ticket)?.resolve();
  }

  refused(ticket: number, code: string, message: string): void {
    const error = new PushError(code, message);
    const waiting = this.#take(ticket);
    if (waiting) waiting.reject(error);
    else this.#early = { ticket, error };
  }

  /** Number of failed downloads of dictionaries. */
  get dictionariesFailed(): number {
    return this.#dictionaries.failed;
  }

  /** Registers the receiver of a send's result by its ticket. */
  answer(ticket: number): Promise<void> {
    const early = this.#early;
    this.#early = undefined;
    if (early?.ticket === ticket) return Promise.reject(early.error);
    return new Promise((resolve, reject) => this.#tickets.set(ticket, { resolve, reject }));
  }

  /** Stops all events. */
  close(): void {
    this.#socket?.close();
    this.#alarm.set(Infinity);
    this.#dictionaries.close();
    for (const ticket of this.#tickets.values()) {
      ticket.reject(new PushError("closed", "the client was closed before the server's answer"));
    }
    this.#tickets.clear();
    this.streams.clear();
  }

  health(status: string, detail?: string): void {
    this.#client.notice({ type: "health", status, ...(detail !== undefined && { detail }) });
  }

  slow(window?: number): void {
    this.#client.notice({ type: "slow", ...(window !== undefined && { window }) });
  }

  features(supported: string[], requested: string[]): void {
    this.#client.notice({ type: "features", supported, requested });
  }

  fault(code: string, message: string): void {
    this.#client.fault(new PushError(code, message));
  }

  #take(number: number): Ticket | undefined {
    const ticket = this.#tickets.get(number);
    this.#tickets.delete(number);
    return ticket;
  }
}
