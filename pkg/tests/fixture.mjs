// Process of the tests' backend (tests/examples/fixture.rs), with its commands as methods.
import path from "node:path";

import { Program, root } from "../../tests/browser/program.mjs";

export class Fixture {
  #program;

  #scheme;

  /**
   * Starts the program on a free port. `heartbeatMs` is the interval of its heartbeats; without it, the server's default.
   * With `tls` it serves over TLS and HTTP/2, with a certificate that it has signed itself. Pages of the origin `allow` may
   * connect. With
   * `tokens` each client needs one.
   */
  static async start({ heartbeatMs, tls = false, allow, tokens = false } = {}) {
    const fixture = new Fixture();
    fixture.#scheme = tls ? "https" : "http";
    const options = [];
    if (heartbeatMs !== undefined) options.push(String(heartbeatMs));
    if (tls) options.push("--tls");
    if (allow !== undefined) options.push(`--allow=${allow}`);
    if (tokens) options.push("--tokens");
    const argumentsFor = (address) => [address, ...options];
    fixture.#program = await Program.start("examples/fixture", argumentsFor, path.join(root, "pkg"));
    return fixture;
  }

  get port() {
    return this.#program.port;
  }

  /** Address of its pages. */
  get url() {
    return `${this.#scheme}://127.0.0.1:${this.port}/`;
  }

  /** Requests that open a WebSocket, so far: method, path and version of each. */
  get openings() {
    return this.#program.output.match(/^[A-Z]+ \/rps HTTP.*$/gm) ?? [];
  }

  /** Publishes values to a channel (not to a topic or an inbox), in order. */
  publish(channel, values) {
    this.#program.write(JSON.stringify({ publish: { channel, values } }));
  }

  /** Publishes lines of text to the channel `log`. */
  publishLog(lines) {
    this.publish("log", lines);
  }

  /** Sends a picture of this size to every connected client, by this URL if it is large. */
  sendPicture(bytes, url) {
    this.#program.write(JSON.stringify({ picture: { bytes, url } }));
  }

  /** Sends a control op to every connected client. */
  notify(op) {
    this.#program.write(JSON.stringify({ notify: op }));
  }

  /** Gives the channel `lines` a dictionary, trained from the values published to it since the previous one. */
  train() {
    this.#program.write(JSON.stringify("train"));
  }

  /** Ends the process with SIGKILL, and starts a new one on the same port, with empty logs. */
  killAndRestart() {
    return this.#program.killAndRestart();
  }

  stop() {
    return this.#program.stop();
  }
}
