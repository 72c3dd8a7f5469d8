// A TCP proxy between a page and the server whose line a test can cut.
import net from "node:net";

export class Proxy {
  #target;
  #server;
  #pairs = new Set();
  #open = true;

  /** @param {number} target port on 127.0.0.1 that connections are carried to */
  static async to(target) {
    const proxy = new Proxy();
    proxy.#target = target;
    proxy.#server = net.createServer((page) => proxy.#carry(page));
    await new Promise((resolve, reject) => {
      proxy.#server.once("error", reject);
      proxy.#server.listen(0, "127.0.0.1", resolve);
    });
    return proxy;
  }

  /** Address of the proxy, as a page opens it. */
  get url() {
    return `http://127.0.0.1:${this.#server.address().port}/`;
  }

  /** Connections that are carried now. */
  get connections() {
    return this.#pairs.size;
  }

  /** Resets every connection; new ones are reset too until `mend`. */
  cut() {
    this.#open = false;
    for (const [page, server] of this.#pairs) {
      page.resetAndDestroy();
      server.destroy();
    }
    this.#pairs.clear();
  }

  /** Lets connections through again. */
  mend() {
    this.#open = true;
  }

  async close() {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #carry(page) {
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
      // An error is always followed by "close"; what ended one side ends the other.
      socket.on("error", end);
      socket.on("close", end);
    }
    page.pipe(server);
    server.pipe(page);
  }
}
