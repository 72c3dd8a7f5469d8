// An HTTP proxy between a page and the server that notes the requests for dictionaries, and can refuse or keep them.
import http from "node:http";
import net from "node:net";

export class Gate {
  #server;
  /** Which dictionaries were asked for so far, by their hashes. */
  asked = [];
  /** Whether they are let through ("open"), answered with 404 ("closed") or not answered ("stuck"). */
  state = "open";
  /** Called when a client gives up one that is stuck. */
  onGivenUp = () => {};

  /** @param {number} target port on 127.0.0.1 that requests are carried to */
  static async to(target) {
    const gate = new Gate();
    gate.#server = http.createServer((request, response) => gate.#carry(target, request, response));
    gate.#server.on("upgrade", (request, page) => tunnel(target, request, page));
    await new Promise((resolve, reject) => {
      gate.#server.once("error", reject);
      gate.#server.listen(0, "127.0.0.1", resolve);
    });
    return gate;
  }

  /** Address of the gate, as a page opens it. */
  get url() {
    return `http://127.0.0.1:${this.#server.address().port}/`;
  }

  async close() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #carry(target, request, response) {
    const [, hash] = request.url.match(/^\/rps\/dictionaries\/(.*)$/) ?? [];
    if (hash !== undefined) {
      this.asked.push(hash);
      if (this.state === "stuck") {
        response.once("close", () => this.onGivenUp());
        return;
      }
      if (this.state === "closed") {
        response.writeHead(404).end();
        return;
      }
    }
    const { method, url: path, headers } = request;
    const carried = http.request({ port: target, host: "127.0.0.1", method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    carried.on("error", () => response.destroy());
    request.pipe(carried);
  }
}

/** Carries a WebSocket, its opening request first. */
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
}
