// HTTP proxy between a page and the server, which answers some requests itself: those for dictionaries, which it also records,
// and those that a test chooses.
import http from "node:http";
import net from "node:net";

import { listen } from "./listen.mjs";

export class HttpProxy {
  #server;
  #upgraded = new Set();
  /** Hashes of the dictionaries requested so far. */
  requested = [];
  /** Treatment of these requests: "open" forwards, "missing" answers 404, "stuck" does not answer. */
  state = "open";
  /** Called when a client cancels a request that is stuck. */
  onCanceled = () => {};
  /**
   * Port that a request is forwarded to; undefined for that of the proxy.
   *
   * @type {(request: http.IncomingMessage) => number | undefined}
   */
  targetOf = () => undefined;
  /**
   * Called with each request and its response; returns true if it is not to be forwarded.
   *
   * @type {(request: http.IncomingMessage, response: http.ServerResponse) => boolean}
   */
  onRequest = () => false;
  /**
   * Called with each request to open a WebSocket, and its socket; returns true if it is not to be forwarded.
   *
   * @type {(request: http.IncomingMessage, page: net.Socket) => boolean}
   */
  onUpgrade = () => false;

  /** @param {number} target port on 127.0.0.1 that requests are forwarded to */
  static async to(target) {
    const proxy = new HttpProxy();
    proxy.#server = http.createServer((request, response) => proxy.#forward(target, request, response));
    proxy.#server.on("upgrade", (request, page) => {
      proxy.#upgraded.add(page);
      page.on("error", () => page.destroy());
      page.on("close", () => proxy.#upgraded.delete(page));
      if (!proxy.onUpgrade(request, page)) tunnel(proxy.targetOf(request) ?? target, request, page);
    });
    await listen(proxy.#server);
    return proxy;
  }

  /** URL of the proxy. */
  get url() {
    return `http://127.0.0.1:${this.#server.address().port}/`;
  }

  async close() {
    this.#server.closeAllConnections();
    for (const page of this.#upgraded) page.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #forward(target, request, response) {
    if (this.onRequest(request, response)) return;
    const [, hash] = request.url.match(/^\/rps\/dictionaries\/(.*)$/) ?? [];
    if (hash !== undefined) {
      this.requested.push(hash);
      if (this.state === "stuck") {
        response.once("close", () => this.onCanceled());
        return;
      }
      if (this.state === "missing") {
        response.writeHead(404).end();
        return;
      }
    }
    const { method, url: path, headers } = request;
    const forwarded = http.request({ port: this.targetOf(request) ?? target, host: "127.0.0.1", method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    forwarded.on("error", () => response.destroy());
    // A page that is gone reads no stream any more.
    response.once("close", () => forwarded.destroy());
    request.pipe(forwarded);
  }
}

/** Forwards a WebSocket, its opening request first. */
function tunnel(target, { url, rawHeaders }, page) {
  const server = net.connect(target, "127.0.0.1");
  const headers = [];
  for (let at = 0; at < rawHeaders.length; at += 2) headers.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
  server.write(`GET ${url} HTTP/1.1\r\n${headers.join("\r\n")}\r\n\r\n`);
  const end = () => {
    page.destroy();
    server.destroy();
  };
  for (const socket of [page, server]) {
    socket.on("error", end);
    socket.on("close", end);
  }
  page.pipe(server);
  server.pipe(page);
  // It may have closed before there was somebody to listen.
  if (page.destroyed) end();
}
