// The WebSocket of one attempt to connect.
import type { Engine } from "./engine.js";
import type { WebSocketClass } from "./types.js";

/** The subprotocol that names the dialect (docs/protocol.md section 1). */
const PROTOCOL = "push-wire.v1";

/** Close codes (docs/protocol.md section 10). */
const PROTOCOL_ERROR = 4202;
const UNSUPPORTED_VERSION = 4203;
const TOO_LARGE = 4204;

/** Close code of a connection that was lost: no frame carried it. */
const LOST = 1006;

/** The WebSocket of one attempt; reports its events to the engine. */
export class Socket {
  readonly #socket: WebSocket;
  readonly #engine: Engine;
  readonly #attempt: number;

  /** Opens the socket; throws the exceptions of its class. */
  constructor(of: WebSocketClass, url: string, maxMessageBytes: number, engine: Engine, attempt: number) {
    const socket = new of(url, PROTOCOL) as WebSocket;
    this.#socket = socket;
    this.#engine = engine;
    this.#attempt = attempt;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      if (socket.protocol === PROTOCOL) engine.opened(attempt);
      else this.#giveUp(UNSUPPORTED_VERSION);
    };
    socket.onmessage = ({ data }) => {
      if (!(data instanceof ArrayBuffer)) this.#giveUp(PROTOCOL_ERROR);
      else if (data.byteLength > maxMessageBytes) this.#giveUp(TOO_LARGE);
      else engine.message(attempt, new Uint8Array(data));
    };
    socket.onclose = ({ code }) => engine.closed(attempt, code === LOST ? undefined : code);
    // Ignored, because `close` follows; but without a listener the package `ws` throws the error.
    socket.onerror = () => {};
  }

  /** Sends a message, whose bytes are valid during this call only. */
  send(message: Uint8Array): void {
    try {
      // A copy: not every class takes its own before it returns.
      this.#socket.send(message.slice());
    } catch {
      // Nothing is lost: its `close` is on its way, and what matters is sent again over the next socket.
    }
  }

  /** Closes it; nothing more is reported. */
  close(code?: number): void {
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    try {
      this.#socket.close(code);
    } catch {
      // The only cause is the code: browsers allow pages few codes.
      this.#socket.close();
    }
  }

  #giveUp(code: number): void {
    this.close(code);
    this.#engine.closed(this.#attempt, code);
  }
}
