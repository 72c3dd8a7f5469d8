// Tests of arguments of a wrong type or out of range: the error names the argument.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { WebSocket } from "ws";

import { Fixture } from "./fixture.mjs";
import { Installed, MemoryStorage } from "./installed.mjs";

let installed;
let backend;
let whole;
let slim;
const clients = [];

before(async () => {
  [installed, backend] = await Promise.all([Installed.create(), Fixture.start()]);
  await installed.write("whole.js", 'export * from "push-wire";');
  await installed.write("slim.js", 'export * from "push-wire/slim"; export const wasm = import.meta.resolve("push-wire/push-wire.wasm");');
  [whole, slim] = [await installed.import("whole.js"), await installed.import("slim.js")];
});

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

after(async () => {
  await backend?.stop();
  await installed?.remove();
});

function open(options = {}, { connect } = whole) {
  const client = connect(`http://127.0.0.1:${backend.port}`, { WebSocket, ...options });
  clients.push(client);
  return client;
}

/** Checks that an error names this argument and that `part` is in its message. */
function wrong(name, part = "must be") {
  return (error) => {
    assert.equal(error.name, "PushError", String(error));
    assert.equal(error.code, "bad_argument");
    assert.ok(error.message.startsWith(`${name} is `) && error.message.includes(part), error.message);
    return true;
  };
}

const NO_TEXT = [5, null, {}, true, Symbol("text"), "\ud800"];

test("settings are checked", () => {
  for (const options of [null, 5, "options"]) {
    assert.throws(() => whole.connect("http://127.0.0.1/", options), wrong("options"));
  }
  for (const maxMessageBytes of [0, Number.NaN, -1, 4095, 8192.5, "1", null, 2 ** 31, 2 ** 32, 2n ** 20n, Symbol("bytes")]) {
    assert.throws(() => open({ maxMessageBytes }), wrong("maxMessageBytes", "from 4096 to 2147483647"));
  }
  for (const token of [5, {}, true, null, Symbol("token")]) assert.throws(() => open({ token }), wrong("token", "a string or a function"));
  assert.throws(() => open({ token: "x".repeat(16 * 1024 + 1) }), wrong("token", "larger than 16 KiB"));
  for (const text of NO_TEXT) {
    assert.throws(() => open({ clientId: text }), wrong("clientId"));
    assert.throws(() => open({ storageKey: text }), wrong("storageKey"));
  }
  for (const storage of [5, false]) assert.throws(() => open({ storage }), wrong("storage"));
  for (const persist of [true, "disk", null]) assert.throws(() => open({ persist }), wrong("persist", '"tab", "device" or false'));
  assert.throws(() => open({ persist: "device", storage: new MemoryStorage() }), wrong("persist", "give one of them"));
  globalThis.localStorage = new MemoryStorage();
  assert.throws(() => open({ storage: localStorage }), wrong("storage", 'persist: "device"'));
  delete globalThis.localStorage;
  assert.throws(() => open({ storage: {} }), wrong("storage.getItem", "a function"));
  assert.throws(() => open({ storage: { getItem: () => null } }), wrong("storage.setItem", "a function"));
  for (const value of [null, {}]) assert.throws(() => open({ WebSocket: value }), wrong("WebSocket", "a function"));
  assert.throws(() => open({ compression: "no" }), wrong("compression", "true or false"));
  assert.throws(() => open({ shared: "yes" }), wrong("shared", "true or false"));
  for (const transport of ["ws", null, 5]) assert.throws(() => open({ transport }), wrong("transport", '"auto", "websocket" or "sse"'));
  for (const encoding of ["messagepack", null, 5]) {
    assert.throws(() => open({ encoding }), wrong("encoding", '"json", "msgpack" or "cbor"'));
  }
  for (const signal of [null, {}, "now"]) assert.throws(() => open({ signal }), wrong("signal", "an AbortSignal"));
  assert.throws(() => open({ retry: null }), wrong("options"));
  for (const time of [-1, 0.5, "1", Infinity]) {
    assert.throws(() => open({ retry: { initial: time } }), wrong("retry.initial", "milliseconds"));
    assert.throws(() => open({ retry: { max: time } }), wrong("retry.max", "milliseconds"));
  }
  for (const factor of [0, Number.NaN, Infinity, "2"]) assert.throws(() => open({ retry: { factor } }), wrong("retry.factor"));
  for (const attempts of [0, 1.5, "1"]) assert.throws(() => open({ retry: { attempts } }), wrong("retry.attempts"));
  assert.throws(() => open({ retry: { jitter: 1 } }), wrong("retry.jitter", "true or false"));
});

test("names of streams and handlers are checked", async () => {
  const client = open();
  for (const text of [undefined, ...NO_TEXT]) {
    assert.throws(() => client.on(text, () => {}), wrong("channel"));
    assert.throws(() => client.messages(text), wrong("channel"));
    assert.throws(() => client.document(text), wrong("channel"));
    await assert.rejects(client.send(text, 1), wrong("channel"));
  }
  for (const topic of [...NO_TEXT, 5n]) {
    assert.throws(() => client.on("room", () => {}, { topic }), wrong("topic"));
    assert.throws(() => client.messages("room", { topic }), wrong("topic"));
    assert.throws(() => client.document("room", { topic }), wrong("topic"));
    await assert.rejects(client.send("room", 1, { topic }), wrong("topic"));
  }
  for (const handler of [undefined, null, {}]) assert.throws(() => client.on("log", handler), wrong("handler", "a function"));
  for (const options of [null, 5]) {
    assert.throws(() => client.on("log", () => {}, options), wrong("options"));
    assert.throws(() => client.messages("log", options), wrong("options"));
    assert.throws(() => client.document("log", options), wrong("options"));
    await assert.rejects(client.send("room", 1, options), wrong("options"));
  }
  assert.throws(() => client.on("log", () => {}, { inbox: "yes" }), wrong("inbox", "true or false"));
  assert.throws(() => client.on("log", () => {}, { persist: 0 }), wrong("persist", "true or false"));
  assert.throws(() => client.on("room", () => {}, { topic: "lobby", inbox: true }), { code: "bad_argument" });
  client.on("log", () => {}).close();
});

test("a token that is set is checked", async () => {
  const client = open();
  for (const token of [5, {}, undefined, "\ud800"]) assert.throws(() => client.setToken(token), wrong("token"));
  assert.throws(() => client.setToken("x".repeat(16 * 1024 + 1)), wrong("token", "larger than 16 KiB"));
  client.setToken(null);
  await assert.rejects(client.send("lines", 1, { signal: "abort" }), wrong("signal", "an AbortSignal"));
});

test("unknown options are named in the error", async () => {
  const client = open();
  const none = (name, ...known) => (error) => {
    assert.deepEqual([error.name, error.code], ["PushError", "bad_argument"], String(error));
    assert.equal(error.message, `there is no option "${name}"; the options are ${known.join(", ")}`);
    return true;
  };
  const settings = ["token", "clientId", "persist", "storage", "storageKey", "WebSocket", "maxMessageBytes", "compression", "encoding", "transport", "retry", "signal", "shared"];
  assert.throws(() => open({ tokn: "x" }), none("tokn", ...settings));
  assert.throws(() => open({ clientID: undefined }), none("clientID", ...settings));
  assert.throws(() => open({ toString: 1 }), none("toString", ...settings));
  const reading = ["topic", "inbox", "from", "persist", "signal"];
  assert.throws(() => client.on("room", () => {}, { tpoic: "north" }), none("tpoic", ...reading));
  assert.throws(() => client.messages("room", { form: "newest" }), none("form", ...reading));
  assert.throws(() => client.document("document", { topi: "north" }), none("topi", "topic"));
  await assert.rejects(client.send("room", 1, { topi: "north" }), none("topi", "topic", "signal"));
  const envelope = { kind: "inline", mime: "text/plain", sha256: "", size: 0, data_base64: "" };
  await assert.rejects(client.openAsset(envelope, { maxByte: 1 }), none("maxByte", "maxBytes", "timeoutMs"));
});

test("positions are checked", () => {
  const client = open();
  const from = (position) => () => client.on("log", () => {}, { from: position });
  const epoch = "0123456789abcdef";
  for (const position of ["latest", null, 5, () => {}]) assert.throws(from(position), wrong("from", "a position"));
  for (const value of ["x", undefined, 5, epoch.toUpperCase(), [epoch]]) {
    assert.throws(from({ epoch: value, cursor: 1n }), wrong("from.epoch", "16 hexadecimal digits"));
  }
  for (const cursor of [2n ** 64n, 2n ** 64n + 5n, -1n, 5, "5", undefined]) {
    assert.throws(from({ epoch, cursor }), wrong("from.cursor", "from 0 to 2^64 - 1"));
  }
  for (const tag of [2 ** 32, -1, 0.5, Number.NaN, Infinity, "1", 1n, null]) {
    assert.throws(from({ epoch, cursor: 1n, tag }), wrong("from.tag", "from 0 to 2^32 - 1"));
  }
  const greatest = { epoch, cursor: 2n ** 64n - 1n, tag: 2 ** 32 - 1 };
  const subscription = client.on("log", () => {}, { from: greatest });
  assert.deepEqual(subscription.position, greatest);
});

test("listeners, elements and times are checked", () => {
  const client = open();
  const file = client.document("document");
  const { subscription } = client.messages("log");
  for (const listener of [undefined, null, {}]) {
    assert.throws(() => client.status.subscribe(listener), wrong("listener", "a function"));
    assert.throws(() => client.onFault(listener), wrong("listener", "a function"));
    assert.throws(() => subscription.onOutcome(listener), wrong("listener", "a function"));
    assert.throws(() => file.subscribe(listener), wrong("listener", "a function"));
    assert.throws(() => file.onOutcome(listener), wrong("listener", "a function"));
  }
  for (const element of [undefined, null, "main"]) assert.throws(() => file.bind(element), wrong("element"));
  assert.throws(() => file.bind({ textContent: null }, null), wrong("render", "a function"));
  for (const time of [-1, Number.NaN, "5", undefined, 5n]) assert.throws(() => client.interrupt(time), wrong("milliseconds"));
});

test("bytes of a detached buffer are refused", async () => {
  const client = open();
  const bytes = Uint8Array.of(1, 2);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  await assert.rejects(client.send("room", bytes), { name: "PushError", code: "bad_argument", message: /detached/ });
});

test("values are sent as the documentation of send says", async () => {
  const sent = [];
  class Tapped extends WebSocket {
    send(bytes) {
      sent.push(Buffer.from(bytes).toString("latin1"));
      super.send(bytes);
    }
  }
  const client = open({ WebSocket: Tapped });
  const list = [undefined, () => {}, Symbol("s"), new Date(Number.NaN), new Date(0), -0];
  await client.send("lines", { list, absent: undefined, method() {} });
  const body = '{"list":[null,null,null,null,"1970-01-01T00:00:00.000Z",0]}';
  assert.equal(sent.filter((message) => message.includes(body)).length, 1);
  const thrower = {
    toJSON() {
      throw Object.create(null);
    },
  };
  for (const value of [new Map([[1, 2]]), new Set([1]), new Blob(["x"]), { later: Promise.resolve(1) }]) {
    await assert.rejects(client.send("lines", value), { code: "bad_value", message: /has no form in JSON/ });
  }
  await assert.rejects(client.send("lines", thrower), { code: "bad_value", message: /without a text/ });
});

test("slim is loaded from a string or an object", async () => {
  const storage = new MemoryStorage();
  const connect = () => open({ storage, storageKey: "slim" }, slim);
  assert.throws(connect, { code: "not_loaded" });
  for (const source of [undefined, null, 5]) await assert.rejects(slim.initWasm(source), wrong("source"));
  const { readFile } = await import("node:fs/promises");
  await slim.initWasm(await readFile(new URL(slim.wasm)));
  connect();
  assert.notEqual(storage.getItem("slim"), null, "the failed connect released the storage key");
});
