// Server for the clients that push-wire is compared with: it answers each protocol's handshake, then sends all entries in messages
// that were prepared before.
import { WebSocketServer } from "ws";

const MESSAGE_BYTES = 16 * 1024;
const ENTRY_BYTES = 200;

/** Serves `/bare`, `/centrifuge` and `/socket.io/` of an HTTP server. Returns the function that ends it. */
export function prepared(http, count) {
  const entries = Array.from({ length: count }, (_, id) => entry(id));
  const protocols = {
    "/bare": bare(joined(entries)),
    "/centrifuge": centrifuge(joined(entries.map((entry) => `{"push":{"channel":"feed","pub":{"data":${entry}}}}`))),
    "/socket.io/": socketIo(entries.map((entry) => `42["entry",${entry}]`)),
  };
  const sockets = new WebSocketServer({ server: http, perMessageDeflate: false });
  sockets.on("connection", (socket, request) => protocols[request.url.split("?")[0]]?.(socket));
  return () => {
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
  };
}

/** The entries of `src/bin/page_server.rs`. */
function entry(id) {
  const rest = ENTRY_BYTES - JSON.stringify({ id, text: "" }).length;
  return JSON.stringify({ id, text: "abcdefghij ".repeat(ENTRY_BYTES).slice(0, rest) });
}

/** Lines in messages of at most 16 KiB. */
function joined(lines) {
  const messages = [];
  let message = "";
  for (const line of lines) {
    if (message && message.length + 1 + line.length > MESSAGE_BYTES) {
      messages.push(message);
      message = "";
    }
    message = message ? `${message}\n${line}` : line;
  }
  return [...messages, message];
}

function bare(messages) {
  return (socket) => socket.once("message", () => messages.forEach((message) => socket.send(message)));
}

function centrifuge(messages) {
  return (socket) =>
    socket.on("message", (data) => {
      for (const line of String(data).split("\n")) {
        const { id, connect, subscribe } = JSON.parse(line);
        if (connect) socket.send(JSON.stringify({ id, connect: { client: "c", version: "5" } }));
        if (!subscribe) continue;
        socket.send(JSON.stringify({ id, subscribe: {} }));
        messages.forEach((message) => socket.send(message));
      }
    });
}

function socketIo(messages) {
  return (socket) => {
    socket.send('0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}');
    socket.on("message", (data) => {
      if (String(data) === "40") socket.send('40{"sid":"s"}');
      if (String(data) === '42["read"]') messages.forEach((message) => socket.send(message));
    });
  };
}
