// TCP proxy between a page and the server whose connections a test can cut.
import net from "node:net";

import { listen } from "./listen.mjs";

export class Proxy {
  #target;
  #server;
  #pairs = new Set();
  #open = true;

  /** @param {number} target port on 127.0.0.1 that connections are forwarded to */
  static async to(target) {
    const proxy = new Proxy();
    proxy.#target = target;
    proxy.#server = net.createServer((page) => proxy.#forward(page));
    await listen(proxy.#server);
    return proxy;
  }

  /** URL of the proxy. */
  get url() {
    return `http://127.0.0.1:${this.#server.address().port}/`;
  }

  /** Number of open connections. */
  get connections() {
    return this.#pairs.size;
  }

  /** Resets every connection, and new ones until `restore`. */
  cut() {
    this.#open = false;
    for (const [page, server] of this.#pairs) {
      // A socket whose end is being sent cannot be reset: its handle would stay open.
      if (page.writableEnded) page.destroy();
      else page.resetAndDestroy();
      server.destroy();
    }
    this.#pairs.clear();
  }

  /** Forwards new connections again. */
  restore() {
    this.#open = true;
  }

  /** Forwards no more bytes of the connections that are open, which stay open: they are half-open from now on. */
  hold() {
    for (const pair of this.#pairs) {
      for (const socket of pair) socket.unpipe().pause();
    }
  }

  async close() {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #forward(page) {
    if (!this.#open) {
      page.resetAndDestroy();
      return;
    }
    const server = net.connect(this.#target, "127.0.0.1");
    const pair = [page, server];
    this.#pairs.add(pair);
    const end = () => {
      this.#pairs.delete(pair);
      page.destroy();
      server.destroy();
    };
    for (const socket of pair) {
      socket.setNoDelay(true);
      // The end of one side ends the other. An error is always followed by "close".
      socket.on("error", end);
      socket.on("close", end);
    }
    page.pipe(server);
    server.pipe(page);
  }
}
