// Tests of the installed package in Node, against a real server.
import assert from "node:assert/strict";
import { getEventListeners, once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { after, afterEach, before, test } from "node:test";
import { runInNewContext } from "node:vm";
import { WebSocket } from "ws";

import { Fixture } from "./fixture.mjs";
import { Installed, MemoryStorage, until } from "./installed.mjs";

let installed;
let backend;
let connect;
let PushError;
const clients = [];

before(async () => {
  [installed, backend] = await Promise.all([Installed.create(), Fixture.start()]);
  await installed.write("entry.js", 'export * from "push-wire";');
  ({ connect, PushError } = await installed.import("entry.js"));
});

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

after(async () => {
  await backend?.stop();
  await installed?.remove();
});

function open(options = {}) {
  const client = connect(`http://127.0.0.1:${backend.port}`, { WebSocket, ...options });
  clients.push(client);
  return client;
}

function numbered(name, count) {
  return Array.from({ length: count }, (_, index) => `${name} ${index}`);
}

/** Collects the lines of the log until this one. */
function linesUntil(client, last, options) {
  const lines = [];
  const { promise, resolve } = deferred();
  const subscription = client.on("log", ({ value }) => {
    lines.push(value);
    if (value === last) resolve(lines);
  }, options);
  return { lines: promise, subscription };
}

function deferred() {
  const settle = {};
  const promise = new Promise((resolve, reject) => Object.assign(settle, { resolve, reject }));
  return { promise, ...settle };
}

const connected = (client) => until(client.status, ({ phase }) => phase === "connected");

test("a log is read in order over a lost connection", async () => {
  const client = open();
  await connected(client);
  const first = numbered("first", 200);
  const second = numbered("second", 200);
  const reading = linesUntil(client, second.at(-1), { from: "newest" });
  await until({ subscribe: (listener) => reading.subscription.onOutcome(listener) }, ({ type }) => type === "resumed");
  backend.publishLog(first);
  client.interrupt(50);
  await until(client.status, ({ phase }) => phase === "waiting");
  backend.publishLog(second);
  assert.deepEqual(await reading.lines, [...first, ...second]);
  assert.equal(reading.subscription.head, reading.subscription.position.cursor);
});

test("listeners are called only for a changed status", async () => {
  const client = open({ token: async () => "a token" });
  const statuses = [];
  client.status.subscribe((status) => statuses.push(JSON.stringify(status)));
  await connected(client);
  client.interrupt(10);
  await until(client.status, ({ phase }) => phase !== "connected");
  await connected(client);
  const repeated = statuses.filter((status, index) => status === statuses[index - 1]);
  assert.deepEqual(repeated, []);
  assert.equal(statuses.length > 3, true);
});

test("a page is told how many entries it missed", async () => {
  backend.publish("samples", [...Array(30).keys()]);
  const client = open();
  const seen = [];
  const { promise, resolve } = deferred();
  const subscription = client.on("samples", ({ value }) => {
    seen.push(value);
    if (value === 29) resolve();
  });
  subscription.onSkipped(({ count, position }) => seen.push({ count, cursor: position.cursor }));
  await promise;
  // The page may connect while the entries are being published, and is then told in several parts.
  let next = 0n;
  for (const one of seen) {
    if (typeof one === "number") assert.equal(one, Number(next++));
    else assert.equal(one.cursor, (next += BigInt(one.count)));
  }
  assert.equal(next, 30n);
  assert.ok(seen.length < 30, "some entries were missed");
  assert.equal(subscription.position.cursor, 30n);
});

test("a slow consumer gets every entry once, in bounded memory", async () => {
  const client = open();
  const lines = numbered("slow", 3000);
  backend.publishLog(lines);
  const messages = client.messages("log");
  let subscribed = 0;
  messages.subscription.onOutcome(() => (subscribed += 1));
  const taken = [];
  for await (const { value } of messages) {
    if (value.startsWith("slow")) taken.push(value);
    if (taken.length === lines.length) break;
  }
  assert.deepEqual(taken, lines);
  assert.ok(subscribed > 1, "the subscription paused and resumed from the log");
  assert.equal(messages.subscription.closed, true);
  assert.deepEqual(await messages.next(), { done: true, value: undefined });
});

test("overlapping calls of next return entries in order", async () => {
  const client = open();
  const messages = client.messages("log", { from: "newest" });
  await until({ subscribe: (listener) => messages.subscription.onOutcome(listener) }, ({ type }) => type === "resumed");
  const calls = [messages.next(), messages.next(), messages.next()];
  backend.publishLog(["one", "two", "three", "four"]);
  const taken = await Promise.all(calls);
  assert.deepEqual(taken.map(({ value }) => value.value), ["one", "two", "three"]);
  assert.equal(messages.subscription.position.cursor, taken[1].value.cursor, "the third is not handled yet");
  assert.equal((await messages.next()).value.value, "four");

  const waiting = [messages.next(), messages.next()];
  const done = { done: true, value: undefined };
  assert.deepEqual(await messages.return(), done);
  assert.deepEqual(await Promise.all([...waiting, messages.next()]), [done, done, done]);
});

test("an iterator ends with its subscription", async () => {
  const client = open();
  const messages = client.messages("log", { from: "newest" });
  const waiting = [messages.next(), messages.next()];
  messages.subscription.close();
  const done = { done: true, value: undefined };
  assert.deepEqual(await Promise.all(waiting), [done, done]);

  const nowhere = client.messages("nowhere");
  const refused = await Promise.allSettled([nowhere.next(), nowhere.next()]);
  assert.deepEqual(refused.map(({ reason }) => reason?.code), ["unknown_channel", undefined]);
  assert.deepEqual(await nowhere.next(), done, "the reason is told once");
});

test("an entry that was not taken is not given after return", async () => {
  const client = open();
  const messages = client.messages("log", { from: "newest" });
  await until({ subscribe: (listener) => messages.subscription.onOutcome(listener) }, ({ type }) => type === "resumed");
  backend.publishLog(["offered"]);
  while (client.stats.value.entries === 0) await new Promise(setImmediate);
  await messages.return();
  assert.deepEqual(await messages.next(), { done: true, value: undefined });
});

test("counters are told at once, after changes, and no longer once nobody listens", async () => {
  const client = open();
  const { subscribe } = client.stats;
  const told = [];
  assert.throws(() => subscribe("no function"), { code: "bad_argument", argument: "listener" });
  const heard = deferred();
  const end = subscribe((stats) => {
    told.push(stats);
    if (stats.entries >= 3) heard.resolve();
  });
  assert.equal(told[0].entries, 0);
  const { lines, subscription } = linesUntil(client, "counted 2", { from: "newest" });
  await until({ subscribe: (listener) => subscription.onOutcome(listener) }, ({ type }) => type === "resumed");
  backend.publishLog(numbered("counted", 3));
  await lines;
  await heard.promise;
  const changes = told.slice(1).map((stats, index) => JSON.stringify(stats) !== JSON.stringify(told[index]));
  assert.ok(changes.every(Boolean), "each call tells a change");
  end();
  const { length } = told;
  const more = linesUntil(client, "uncounted 2").lines;
  backend.publishLog(numbered("uncounted", 3));
  await more;
  client.close();
  assert.equal(client.stats.value.entries, 6, "the counters are there after the end");
  assert.equal(told.length, length);
});

test("a listener that throws in its first call is called again", async (context) => {
  const errors = context.mock.method(console, "error", () => {});
  const client = open();
  backend.publish("document", [{ text: "first\n" }]);
  const file = client.document("document");
  await until(file, ({ text }) => text === "first\n");
  await connected(client);

  let calls = 0;
  const failing = () => {
    calls += 1;
    throw new Error("the listener failed");
  };
  const ends = [client.status.subscribe(failing), file.subscribe(failing), file.bind({ textContent: null }, failing)];
  assert.equal(calls, 3);
  backend.publish("document", [{ text: "second\n" }]);
  await until(file, ({ text }) => text === "second\n");
  assert.equal(calls, 5);
  for (const end of ends) end();
  backend.publish("document", [{ text: "third\n" }]);
  await until(file, ({ text }) => text === "third\n");
  client.close();
  assert.equal(calls, 5);
  assert.equal(errors.mock.callCount(), 5);
  assert.match(String(errors.mock.calls[0].arguments[0]), /the listener failed/);
});

test("a handler's exception is reported, and entries continue", async (context) => {
  const errors = context.mock.method(console, "error", () => {});
  const client = open();
  const { promise, resolve } = deferred();
  client.on("log", ({ value }) => {
    if (value === "fail") throw new Error("the application failed");
    if (value === "continue") resolve();
  });
  backend.publishLog(["fail", "continue"]);
  await promise;
  assert.match(String(errors.mock.calls[0].arguments[0]), /the application failed/);
});

test("a document gets its value by deltas", async () => {
  const client = open();
  const file = client.document("document");
  const body = numbered("a line of the document, number", 500).join("\n");
  for (let save = 0; save < 5; save += 1) {
    backend.publish("document", [{ text: `${body}\nsave ${save}\n` }]);
    await until(file, (value) => value.text.endsWith(`save ${save}\n`));
  }
  assert.equal(file.position.cursor, file.head);
  const { updates, wireBytes, valueBytes } = file.stats;
  assert.ok(updates >= 5);
  assert.ok(wireBytes < valueBytes / 2, `${wireBytes} bytes carried ${valueBytes}`);

  const element = { textContent: null };
  const again = client.document("document");
  again.bind(element, (target, { text }) => (target.textContent = text));
  assert.equal(element.textContent, file.value.text, "a second document shares the value");
  file.close();
  backend.publish("document", [{ text: "short\n" }]);
  await until(again, ({ text }) => text === "short\n");
  assert.equal(element.textContent, "short\n", "closing the first does not close it");
});

test("a send waits offline, resolves or rejects", async () => {
  const client = open();
  const { promise, resolve } = deferred();
  client.on("room", (entry) => resolve(entry), { topic: "garden", from: "newest" });
  await connected(client);
  client.interrupt(50);
  await client.send("room", { room: "garden", name: "Ada", text: "back again" });
  const { channel, topic, value } = await promise;
  assert.deepEqual([channel, topic, value.name, value.text], ["room", "garden", "Ada", "back again"]);

  const refusal = (code, message) => ({ name: "PushError", code, message });
  await assert.rejects(client.send("nowhere", 1), refusal("unknown_channel", /channel/));
  await assert.rejects(client.send("system", 1), refusal("unknown_channel", /channel/));
  await assert.rejects(client.send("log", 1), refusal("no_handler", /./));
  await assert.rejects(client.send("room", { room: "attic", name: "Ada", text: "?" }), refusal("refused", /attic/));
  await assert.rejects(client.send("room", Uint8Array.of(1, 2)), refusal("bad_payload", /./));
  await assert.rejects(client.send("room", undefined), refusal("bad_value", /undefined/));
  await assert.rejects(client.send("room", { n: 1n }), refusal("bad_value", /BigInt 1n in "n".*encoding/));
  const loop = {};
  loop.loop = loop;
  await assert.rejects(client.send("room", loop), refusal("bad_value", /circular/));
  await assert.rejects(client.send("room", new ArrayBuffer(4)), refusal("bad_value", /Uint8Array/));
  await assert.rejects(client.send("room", { file: Uint8Array.of(1) }), refusal("bad_value", /bytes in "file"/));
  await assert.rejects(client.send("room", NaN), refusal("bad_value", /NaN/));
  await assert.rejects(client.send("room", { prices: [1, { eur: -Infinity }] }), refusal("bad_value", /-Infinity in "eur"/));
});

test("a send may name a topic", async () => {
  const client = open();
  const { promise, resolve } = deferred();
  client.on("room", (entry) => resolve(entry), { topic: "lobby", from: "newest" });
  await connected(client);
  await client.send("room", { room: "garden", name: "Ada", text: "for the lobby" }, { topic: "lobby" });
  const { topic, value } = await promise;
  assert.deepEqual([topic, value.text], ["lobby", "for the lobby"]);

  const message = { room: "garden", name: "Ada", text: "?" };
  await assert.rejects(client.send("room", message, { topic: "attic" }), { code: "refused", message: /attic/ });
  for (const topic of ["", "x".repeat(256)]) {
    await assert.rejects(client.send("room", message, { topic }), { name: "PushError", code: "bad_topic" });
  }
});

test("sends in one message are answered one by one", async () => {
  const client = open();
  await connected(client);
  const say = (room) => client.send("room", { room, name: "Ada", text: "?" });
  const answers = await Promise.allSettled(["attic", "lobby", "attic", "lobby"].map(say));
  assert.deepEqual(answers.map(({ status }) => status), ["rejected", "fulfilled", "rejected", "fulfilled"]);
});

test("positions and the client's id are kept over a reload", async () => {
  const storage = new MemoryStorage();
  const before = open({ storage });
  const read = numbered("before", 20);
  const reading = linesUntil(before, read.at(-1), { persist: true });
  backend.publishLog(read);
  await reading.lines;
  before.close();

  const unread = numbered("meanwhile", 20);
  backend.publishLog(unread);
  const reloaded = open({ storage });
  assert.equal(reloaded.id, before.id);
  assert.deepEqual(await linesUntil(reloaded, unread.at(-1), { persist: true }).lines, unread);
});

test("damaged stored state is replaced", async () => {
  for (const spoil of [
    (kept) => kept.slice(1),
    (kept) => kept.replace(/.{6}$/, ""),
    (kept) => kept.replace(/.$/, "x"),
    (kept) => kept.replace(/.$/, (digit) => (digit === "0" ? "1" : "0")),
    () => "null",
  ]) {
    const storage = new MemoryStorage();
    const before = open({ storage });
    await connected(before);
    before.close();
    const storageKey = `push-wire:ws://127.0.0.1:${backend.port}/rps`;
    const kept = storage.getItem(storageKey);
    storage.setItem(storageKey, spoil(kept));
    assert.notEqual(storage.getItem(storageKey), kept);
    const faults = [];
    const anew = open({ storage });
    anew.onFault((fault) => faults.push(fault));
    assert.notEqual(anew.id, before.id);
    await connected(anew);
    anew.close();
    assert.deepEqual(faults.map(({ code }) => code), ["storage"]);
  }
});

test("a storage that throws is reported with its error", async () => {
  const broken = () => {
    throw new Error("the disk is full");
  };
  for (const [storage, text] of [
    [{ getItem: broken, setItem: () => {} }, /cannot be read: Error: the disk is full/],
    [{ getItem: () => null, setItem: broken }, /cannot be kept over a reload: Error: the disk is full/],
  ]) {
    const client = open({ storage });
    const { promise, resolve } = deferred();
    client.onFault(resolve);
    const { code, message } = await promise;
    assert.equal(code, "storage");
    assert.match(message, text);
  }
});

test("a storage that is full is reported once, until it has room", async () => {
  let isFull = true;
  const setItem = () => {
    if (isFull) throw new Error("no room");
  };
  const client = open({ storage: { getItem: () => null, setItem } });
  const faults = [];
  client.onFault(({ message }) => faults.push(message));
  await connected(client);
  for (const line of ["full 1", "full 2"]) {
    const { lines } = linesUntil(client, line, { persist: true });
    backend.publishLog([line]);
    await lines;
  }
  await client.send("lines", 1);
  assert.equal(faults.length, 1);
  isFull = false;
  client.on("document", () => {}, { persist: true }).close();
  isFull = true;
  client.on("document", () => {}, { persist: true }).close();
  assert.equal(faults.length, 1);
  await client.send("lines", 1);
  assert.equal(faults.length, 2);
});

test("a runtime without IndexedDB reports it, and the client connects", async () => {
  const client = open({ persist: "device" });
  assert.equal(client.id, "");
  const { promise, resolve } = deferred();
  client.onFault(resolve);
  const { code, message } = await promise;
  assert.equal(code, "storage");
  assert.match(message, /cannot be kept on the device: there is no IndexedDB/);
  await client.send("lines", 1);
  assert.match(client.id, /^[0-9a-f-]{36}$/);
});

test("positions are kept over crashes", async () => {
  let storage = new MemoryStorage();
  const storageKey = "crashes";
  for (const line of ["crash 0", "crash 1", "crash 2"]) {
    const client = open({ storage, storageKey });
    const { lines } = linesUntil(client, line, { persist: true });
    await connected(client);
    backend.publishLog([line]);
    const handled = await lines;
    if (line !== "crash 0") assert.deepEqual(handled, [line]);
    await client.send("lines", 1);
    // As a crash leaves it: held.
    storage = storage.copy();
    client.close();
  }
});

test("a duplicated tab does not replace its original", async () => {
  const storage = new MemoryStorage();
  const sibling = open({ storage });
  await connected(sibling);
  const duplicate = open({ storage: storage.copy(), storageKey: `push-wire:ws://127.0.0.1:${backend.port}/rps` });
  assert.notEqual(duplicate.id, sibling.id);
  await connected(duplicate);
  await sibling.send("room", { room: "lobby", name: "Ada", text: "still here" });
  assert.equal(sibling.status.value.phase, "connected");
});

test("a message just under the limit is sent", async () => {
  const client = open();
  await connected(client);
  const value = { room: "garden", name: "Ada", text: "x".repeat(1024 * 1024 - 100) };
  await client.send("room", value);
  await assert.rejects(client.send("room", { ...value, text: `${value.text}${"x".repeat(100)}` }), { code: "too_large" });
  assert.equal(client.status.value.phase, "connected");
});

test("two clients of a page have different ids", async () => {
  const storage = new MemoryStorage();
  const one = open({ storage });
  const other = open({ storage });
  assert.notEqual(one.id, other.id);
  await Promise.all([connected(one), connected(other)]);
});

test("readers of a stream share its entries", async () => {
  const client = open();
  const one = linesUntil(client, "shared 2");
  const other = linesUntil(client, "shared 2");
  backend.publishLog(["shared 1", "shared 2"]);
  assert.deepEqual((await one.lines).slice(-2), ["shared 1", "shared 2"]);
  assert.deepEqual(await other.lines, await one.lines);
  one.subscription.close();
  const third = client.once("log", { topic: undefined });
  backend.publishLog(["shared 3"]);
  assert.equal((await third).value, "shared 3", "a later reader gets what comes from then on");
  assert.equal(other.subscription.position.cursor, (await third).cursor);
  assert.equal(one.subscription.position.cursor, (await third).cursor - 1n, "a closed one stays where it was");
});

test("a slow reader holds back the position of the stream", async () => {
  const storage = new MemoryStorage();
  const client = open({ storage });
  const { promise, resolve } = deferred();
  const fast = linesUntil(client, "held", { persist: true });
  client.on("log", ({ value }) => value === "held" && promise, { persist: true });
  backend.publishLog(["held"]);
  await fast.lines;
  client.close();
  resolve();
  const reloaded = open({ storage });
  assert.deepEqual((await linesUntil(reloaded, "held", { persist: true }).lines).slice(-1), ["held"]);
});

test("an aborted signal ends what it was given to", async () => {
  const client = open();
  const end = new AbortController();
  const lines = client.messages("log", { from: "newest", signal: end.signal });
  const next = lines.next();
  await connected(client);
  end.abort();
  assert.equal(lines.subscription.closed, true);
  assert.deepEqual(await next, { done: true, value: undefined });
  const wait = new AbortController();
  const waited = client.once("log", { from: "newest", signal: wait.signal });
  wait.abort(new Error("enough"));
  await assert.rejects(waited, { message: "enough" });
  const whole = new AbortController();
  const other = open({ signal: whole.signal });
  await connected(other);
  whole.abort();
  assert.equal(other.status.value.phase, "closed");
});

test("nothing stays on a signal after the end of what it was given to", async () => {
  const { signal } = new AbortController();
  const left = () => getEventListeners(signal, "abort").length;
  const client = open({ signal });
  for (let round = 0; round < 100; round += 1) {
    client.on("log", () => {}, { signal }).close();
    await client.messages("log", { signal }).return();
  }
  const lines = client.messages("log", { from: "newest", signal });
  const next = lines.next();
  const unknown = client.messages("nothing", { signal });
  await assert.rejects(unknown.next(), { code: "unknown_channel" });
  await client.send("lines", 1, { signal });
  // The client and one reading.
  assert.equal(left(), 2);
  client.close();
  assert.equal((await next).done, true);
  assert.equal(left(), 0);
});

test("bytes and promises may be of another realm", async () => {
  const client = open();
  await client.send("lines", runInNewContext("new Uint8Array([1, 2, 3])"));
  const { promise: waits, resolve: settle } = runInNewContext("let resolve; const promise = new Promise((settle) => { resolve = settle; }); ({ promise, resolve })");
  const values = [];
  const { promise: second, resolve: taken } = deferred();
  client.on("log", ({ value }) => {
    values.push(value);
    if (values.length === 1) return waits;
    taken();
  }, { from: "newest" });
  await client.send("lines", 1);
  backend.publishLog(["one", "two"]);
  await until({ subscribe: (told) => client.stats.subscribe(told) }, ({ entries }) => entries > 0);
  await client.send("lines", 1);
  assert.deepEqual(values, ["one"]);
  settle();
  await second;
  assert.deepEqual(values, ["one", "two"]);
});

test("an aborted send is withdrawn if it waits", async () => {
  const client = open();
  const texts = [];
  const { promise, resolve } = deferred();
  client.on("room", ({ value: { text } }) => {
    texts.push(text);
    if (text === "last") resolve();
  }, { topic: "lobby", from: "newest" });
  await connected(client);
  client.interrupt(50);
  const say = (text, signal) => client.send("room", { room: "lobby", name: "Ada", text }, { signal });
  const [one, other] = [new AbortController(), new AbortController()];
  const kept = say("kept", one.signal);
  const withdrawn = say("withdrawn", other.signal);
  other.abort(new TypeError("the user has left"));
  await assert.rejects(withdrawn, { name: "TypeError", message: "the user has left" });
  await assert.rejects(say("aborted before", AbortSignal.abort()), { name: "AbortError" });
  await kept;
  one.abort();
  await say("last");
  await promise;
  assert.deepEqual(texts, ["kept", "last"]);
});

test("observables work without their object", async () => {
  const { status } = open();
  const { subscribe } = status;
  await until({ subscribe }, ({ phase }) => phase === "connected");
});

test("a client works behind a proxy", async () => {
  const client = open();
  const seen = new Proxy(client, {});
  await connected(seen);
  await seen.send("room", { room: "lobby", name: "Ada", text: "by a proxy" });
  assert.equal(new Proxy(client.document("document"), {}).value, undefined);
});

test("event streams carry the same as a WebSocket", async () => {
  const client = open({ transport: "sse" });
  const { transport } = await until(client.status, ({ phase }) => phase === "connected");
  assert.equal(transport, "sse");
  const lines = numbered("streamed", 50);
  const reading = linesUntil(client, lines.at(-1), { from: "newest" });
  await until({ subscribe: (listener) => reading.subscription.onOutcome(listener) }, ({ type }) => type === "resumed");
  backend.publishLog(lines.slice(0, 25));
  client.interrupt(20);
  backend.publishLog(lines.slice(25));
  assert.deepEqual(await reading.lines, lines);
  await client.send("room", { room: "lobby", name: "Ada", text: "by POST" });
  await assert.rejects(client.send("log", 1), { code: "no_handler" });
});

test("an answer that is no event stream is not read on", async () => {
  const server = createHttpServer();
  const asked = once(server, "request");
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const retry = { initial: 600_000, max: 600_000, jitter: false };
  const client = connect(`http://127.0.0.1:${server.address().port}`, { transport: "sse", storage: null, retry });
  clients.push(client);
  const [, answer] = await asked;
  answer.writeHead(403);
  answer.write("an answer without an end");
  await once(answer, "close");
  assert.equal((await until(client.status, ({ phase }) => phase === "waiting")).attempt, 1);
  server.close();
});

test("without a WebSocket class event streams are used", async () => {
  class Blocked {
    constructor() {
      throw new Error("blocked");
    }
  }
  const client = open({ WebSocket: Blocked });
  const faults = [];
  client.onFault((fault) => faults.push(fault.code));
  const { transport } = await until(client.status, ({ phase }) => phase === "connected");
  assert.equal(transport, "sse");
  assert.deepEqual(faults, ["no_websocket"]);
});

test("a status without a connection has no transport", async () => {
  const client = open({ WebSocket: class { constructor() { throw new Error("blocked"); } }, transport: "websocket" });
  client.onFault(() => {});
  const { transport } = await until(client.status, ({ phase }) => phase === "waiting");
  assert.equal(transport, null);
});

test("a client that gives up says that there was no connection", async () => {
  const client = connect("http://127.0.0.1:9/", { storage: null, WebSocket, transport: "websocket", retry: { attempts: 1, initial: 0 } });
  const { code, reason } = await until(client.status, ({ phase }) => phase === "closed");
  assert.equal(code, undefined);
  assert.match(reason, /no connection to ws:\/\/127\.0\.0\.1:9\/rps/);
  assert.equal(client.status.value.reason, reason);
});

test("a token function is asked again after a lost connection", async () => {
  let asked = 0;
  const client = open({ token: async () => `token ${++asked}` });
  await connected(client);
  assert.equal(asked, 1);
  client.interrupt(10);
  await until(client.status, ({ phase }) => phase === "waiting");
  await connected(client);
  assert.equal(asked, 2);
});

test("a token function that fails is asked again", async () => {
  const failures = [
    () => { throw new Error("no session yet"); },
    () => Promise.reject({ __proto__: null, toString: () => "no session yet" }),
  ];
  let asked = 0;
  const client = open({ token: () => failures[asked++]?.() ?? "token" });
  const faults = [];
  const phases = [];
  client.onFault((fault) => faults.push(fault));
  client.status.subscribe(({ phase }) => phases.push(phase));
  await connected(client);
  assert.equal(asked, 3);
  assert.deepEqual(phases.filter((phase) => phase === "closed"), []);
  assert.deepEqual(faults.map(({ code }) => code), ["token", "token"]);
  for (const { message } of faults) assert.match(message, /no session yet/);
});

test("a token function that throws a value without text is asked again", async () => {
  let asked = 0;
  const client = open({
    token: () => {
      if (asked++ === 0) throw Object.create(null);
      return "token";
    },
  });
  const { promise, resolve } = deferred();
  client.onFault(resolve);
  await connected(client);
  assert.match((await promise).message, /without a text/);
});

test("a token function that gives no string closes the client", async () => {
  for (const [token, text] of [[5, /gave 5/], [{}, /gave an object/]]) {
    const client = open({ token: () => token });
    const { reason } = await until(client.status, ({ phase }) => phase === "closed");
    assert.match(reason, text);
  }
});

test("a token function without a token closes the client once", async () => {
  const client = open({ token: async () => null });
  const phases = [];
  client.status.subscribe(({ phase }) => phases.push(phase));
  const { code, reason } = await until(client.status, ({ phase }) => phase === "closed");
  assert.equal(code, 4200);
  assert.match(reason, /gave none/);
  client.close();
  assert.equal(phases.filter((phase) => phase === "closed").length, 1);
});

test("a send waits while the server refuses the token, and for another one", async () => {
  let token = null;
  const client = open({ token: async () => token });
  const waiting = client.send("room", { room: "lobby", name: "Ada", text: "with another token" });
  await until(client.status, ({ phase }) => phase === "closed");
  await assert.rejects(client.send("room", {}), { code: "closed", message: /^the client is closed: .*gave none$/ });
  token = "another";
  client.connect();
  await waiting;
});

test("an exception of the socket class fails one attempt", async () => {
  let made = 0;
  class Fragile extends WebSocket {
    constructor(...args) {
      if (made++ === 0) throw new Error("not now");
      super(...args);
    }

    send(bytes) {
      super.send(bytes);
      if (made === 2) throw new Error("not here");
    }
  }
  const client = open({ WebSocket: Fragile, transport: "websocket" });
  const faults = [];
  client.onFault((fault) => faults.push(fault));
  await connected(client);
  assert.equal(made, 2);
  assert.equal(faults[0].code, "no_websocket");
  assert.match(faults[0].message, /not now/);
});

test("a socket that reports an error alone counts as lost", async () => {
  // As the WebSocket of Node 22 does when a connection is refused.
  class Failing {
    close() {}

    set onerror(listener) {
      if (listener) queueMicrotask(() => listener({ type: "error" }));
    }
  }
  const client = open({ WebSocket: Failing, transport: "websocket", retry: { initial: 3_600_000, max: 3_600_000, jitter: false } });
  const { attempt } = await until(client.status, ({ phase }) => phase === "waiting");
  assert.equal(attempt, 1);
});

test("a client that is closed by a handler sends its goodbye", async () => {
  const sent = [];
  class Tapped extends WebSocket {
    send(bytes) {
      sent.push(Buffer.from(bytes).toString("latin1"));
      super.send(bytes);
    }
  }
  const client = open({ WebSocket: Tapped });
  const closed = until(client.status, ({ phase }) => phase === "closed");
  client.on("log", () => client.close(), { from: "newest" }).onOutcome(() => backend.publishLog(["close"]));
  await closed;
  assert.equal(sent.filter((message) => message.includes("goodbye")).length, 1);
});

test("a storage may call back into the client", async () => {
  const storage = new MemoryStorage();
  const client = open({ storage });
  let subscription = client.on("log", () => {});
  const stored = storage.setItem.bind(storage);
  storage.setItem = (key, value) => {
    stored(key, value);
    const ended = subscription;
    subscription = undefined;
    ended?.close();
  };
  await connected(client);
  assert.equal(subscription, undefined);
  await client.send("lines", 1);
});

test("errors of a subscription name the reason", async () => {
  const client = open();
  assert.throws(() => client.on("room", () => {}, { topic: "x".repeat(256) }), { code: "bad_topic" });
  const nowhere = client.on("nowhere", () => {});
  const outcome = await until({ subscribe: (listener) => nowhere.onOutcome(listener) }, () => true);
  assert.deepEqual([outcome.type, outcome.reason], ["ended", "unknown_channel"]);
  assert.equal(nowhere.closed, true);
  await assert.rejects(client.messages("nowhere").next(), { code: "unknown_channel", message: /^nowhere is not read: / });
});

test("an ended subscription without listeners is reported", async () => {
  const client = open();
  const { promise, resolve } = deferred();
  client.onFault(resolve);
  client.on("nowhere", () => {}, { topic: "lobby" });
  const { code, message } = await promise;
  assert.equal(code, "unknown_channel");
  assert.match(message, /topic lobby of nowhere is not read: no channel named nowhere/);
});

test("errors of connect name the reason", () => {
  assert.throws(() => connect("ftp://127.0.0.1/", { WebSocket }), { code: "bad_url", message: /ftp/ });
  for (const url of ["127.0.0.1:4000", "localhost:4000/rps", "[::1]:4000/rps?a=b"]) {
    assert.throws(() => connect(url), { code: "bad_url", message: `"${url}" has no scheme: write "https://${url}" or "http://${url}"` });
  }
  assert.throws(() => connect(undefined, { WebSocket }), { code: "bad_url", message: /needs a URL/ });
  assert.throws(() => open({ clientId: "me" }), { code: "bad_client_id", message: /"me"/ });
});

test("connects when the server becomes reachable", async () => {
  const nobody = createServer().listen(0, "127.0.0.1");
  await once(nobody, "listening");
  const { port } = nobody.address();
  await new Promise((closed) => nobody.close(closed));
  const client = connect(`http://127.0.0.1:${port}`, { WebSocket });
  clients.push(client);
  const { attempt, retryAt } = await until(client.status, ({ phase }) => phase === "waiting");
  assert.ok(Number.isInteger(retryAt), `${retryAt} is a whole number of milliseconds`);
  assert.equal(attempt, 1);
  const stream = connect(`http://127.0.0.1:${port}`, { transport: "sse" });
  clients.push(stream);
  const { reason } = await until(stream.status, ({ phase }) => phase === "waiting");
  assert.match(reason, /fetch failed: .*ECONNREFUSED/);
});

test("a loop over messages continues after a reset, which its subscription reports", async () => {
  const client = open();
  const messages = client.messages("log", { from: { epoch: "00000000000000aa", cursor: 3n } });
  const outcomes = [];
  messages.subscription.onOutcome(({ type }) => outcomes.push(type));
  backend.publishLog(["after a reset"]);
  for await (const { value } of messages) if (value === "after a reset") break;
  assert.equal(outcomes[0], "reset");
});

test("close ends iterators and pending sends", async () => {
  const client = open();
  await connected(client);
  const next = client.messages("log", { from: "newest" }).next();
  client.interrupt(60_000);
  const waiting = client.send("room", { room: "lobby", name: "Ada", text: "never" });
  client.close();
  assert.deepEqual(await next, { done: true, value: undefined });
  await assert.rejects(waiting, (error) => error instanceof PushError && error.code === "closed");
  assert.equal(client.status.value.phase, "closed");
  assert.throws(() => client.on("log", () => {}), { code: "closed" });
  await assert.rejects(client.send("room", {}), { code: "closed" });
});

test("notices of the backend are reported", async () => {
  const client = open();
  const notices = [];
  const { promise, resolve } = deferred();
  client.onNotice((notice) => notices.push(notice) === 5 && resolve());
  await connected(client);
  backend.notify({ op: "health", status: "degraded", detail: "the database is slow" });
  backend.notify({ op: "health", status: "ok" });
  backend.notify({ op: "slow", window: 8 });
  backend.notify({ op: "slow" });
  backend.notify({ op: "features", supported: ["charts", "maps"], requested: [] });
  await promise;
  assert.deepEqual(notices, [
    { type: "health", status: "degraded", detail: "the database is slow" },
    { type: "health", status: "ok" },
    { type: "slow", window: 8 },
    { type: "slow" },
    { type: "features", supported: ["charts", "maps"], requested: [] },
  ]);
});
