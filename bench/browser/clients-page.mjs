// The page of the benchmark of browser clients: one function for each client, which calls the handler with every entry.
import { Centrifuge } from "centrifuge";
import { connect } from "push-wire";
import { io } from "socket.io-client";

const READERS = {
  "bare WebSocket": bare,
  "push-wire": (handler, port) => pushWire(handler, port, false),
  "push-wire, compressed": (handler, port) => pushWire(handler, port, true),
  "centrifuge 5": centrifuge,
  "socket.io-client 4": socketIo,
};

/** Reads all entries with one client; the time is from the first one to the last one. */
window.read = async (subject, port, count) => {
  let [next, start, millis, done] = [0, 0, 0];
  const read = new Promise((resolve) => {
    done = resolve;
  });
  const handler = (entry) => {
    if (entry.id !== next || entry.text.length < 100) throw new Error(`${subject}: entry ${entry.id} instead of ${next}`);
    if (next === 0) start = performance.now();
    next += 1;
    if (next < count) return;
    millis = performance.now() - start;
    done();
  };
  const end = READERS[subject](handler, port);
  await read;
  return { millis, messages: end() };
};

/** Follows the document until the page is closed, and counts its versions in `window.versions`. */
window.follow = async (port, shows) => {
  const client = connect(`http://127.0.0.1:${port}/rps`, { persist: false });
  const page = client.document("page");
  window.versions = 0;
  if (shows) page.bind(document.querySelector("main"));
  page.subscribe(() => {
    window.versions += 1;
  });
  await client.send("page", "begin");
};

function pushWire(handler, port, compression) {
  const client = connect(`http://127.0.0.1:${port}/rps`, { persist: false, compression });
  client.on("feed", ({ value }) => handler(value));
  return () => {
    const { messagesIn } = client.stats.value;
    client.close();
    return messagesIn;
  };
}

function bare(handler) {
  const socket = new WebSocket(`ws://${location.host}/bare`);
  let messages = 0;
  socket.onopen = () => socket.send("read");
  socket.onmessage = ({ data }) => {
    messages += 1;
    for (const line of data.split("\n")) handler(JSON.parse(line));
  };
  return () => {
    socket.close();
    return messages;
  };
}

function centrifuge(handler) {
  const client = new Centrifuge(`ws://${location.host}/centrifuge`);
  const subscription = client.newSubscription("feed");
  subscription.on("publication", ({ data }) => handler(data));
  subscription.subscribe();
  client.connect();
  return () => {
    client.disconnect();
    return "as the bare one";
  };
}

function socketIo(handler) {
  const socket = io(`http://${location.host}`, { transports: ["websocket"], reconnection: false });
  socket.on("connect", () => socket.emit("read"));
  socket.on("entry", handler);
  return () => {
    socket.disconnect();
    return "one an entry";
  };
}
