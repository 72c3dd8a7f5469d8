// Tests of values in each encoding, from a page to the server and back.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { WebSocket } from "ws";

import { random } from "../../tests/browser/random.mjs";
import { connect } from "../dist/index.js";
import { Fixture } from "./fixture.mjs";

const BINARY = ["msgpack", "cbor"];
const ENCODINGS = ["json", ...BINARY];

let backend;
const clients = [];

before(async () => {
  backend = await Fixture.start();
});

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

after(() => backend?.stop());

function open(encoding, options = {}) {
  const client = connect(`http://127.0.0.1:${backend.port}`, { WebSocket, storage: null, encoding, ...options });
  clients.push(client);
  return client;
}

/** Sends a value, which the server publishes as the document, and returns that. */
async function echo(client, value) {
  const document = client.messages("document", { from: "newest" });
  await new Promise((resolve) => document.subscription.onOutcome(resolve));
  // The value from before, if there is one.
  if (document.subscription.head > 0n) await document.next();
  const next = document.next();
  await client.send("document", value);
  const entry = await next;
  await document.return();
  return entry.value.value;
}

const TEXTS = ["", "a", "__proto__", "constructor", "é", "日本", "😀", '"\\\u2028\u0000', "x".repeat(300)];

/** A finite number of any size. */
function double(draw) {
  const bits = new Uint32Array([draw(2 ** 32), draw(2 ** 32)]);
  const [number] = new Float64Array(bits.buffer);
  return Number.isFinite(number) ? number : 0.5;
}

function scalar(draw, isJson) {
  const kinds = [
    () => null,
    () => draw(2) === 0,
    () => draw(300) - 150,
    () => draw(2 ** 32) * 2 ** draw(22) * (draw(2) ? 1 : -1),
    () => (isJson ? 0 : -0),
    () => double(draw),
    () => draw(1000) / 8,
    () => TEXTS[draw(TEXTS.length)],
    () => (isJson ? 2 ** 53 - 1 : BigInt.asIntN(64, (BigInt(draw(2 ** 32)) << BigInt(draw(33))) - 2n ** BigInt(draw(63)))),
    () => (isJson ? -(2 ** 53) : 2n ** 64n - 1n - BigInt(draw(2 ** 32))),
  ];
  return kinds[draw(kinds.length)]();
}

function anyValue(draw, isJson, depth = 4) {
  const kind = depth === 0 ? 0 : draw(4);
  if (kind < 2) return scalar(draw, isJson);
  const items = Array.from({ length: draw(6) }, () => anyValue(draw, isJson, depth - 1));
  if (kind === 2) return items;
  return Object.fromEntries(items.map((item) => [TEXTS[draw(TEXTS.length)], item]));
}

/** A value as a page reads it: BigInts that a number can express are numbers. */
function read(value) {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(read);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, read(item)]));
}

for (const encoding of ENCODINGS) {
  test(`random values come back in ${encoding}`, async () => {
    const draw = random(`values in ${encoding}`);
    const client = open(encoding);
    for (let count = 0; count < 30; count += 1) {
      const value = Array.from({ length: 10 }, () => read(anyValue(draw, encoding === "json")));
      assert.deepStrictEqual(await echo(client, value), value);
    }
  });

  test(`values in ${encoding} are those of JSON.stringify`, async () => {
    const client = open(encoding);
    class Point {
      x = 1;
      #hidden = 2;
      get y() {
        return this.#hidden;
      }
    }
    const sparse = [1];
    sparse[2] = 3;
    const value = {
      list: [undefined, () => {}, Symbol("s"), new Date(Number.NaN), new Date(0), new Point(), sparse],
      absent: undefined,
      method() {},
      [Symbol("key")]: 1,
      large: [1e20, -1e20, 2 ** 64, 1e300],
      boxed: [Object(1.5), Object("text"), Object(false)],
      bare: Object.assign(Object.create(null), { a: 1 }),
      named: { toJSON: (key) => `the value of ${key}` },
    };
    assert.deepStrictEqual(await echo(client, value), JSON.parse(JSON.stringify(value)));
  });

  test(`a document in ${encoding} gets its value by deltas`, async () => {
    const client = open(encoding);
    const lines = Array.from({ length: 200 }, (_, line) => ({ line, text: `line ${line} of the document` }));
    await client.send("document", lines);
    const document = client.document("document");
    const changed = [...lines, { line: 200, text: "the last line" }];
    const value = (length) => new Promise((resolve) => document.subscribe((value) => value.length === length && resolve(value)));
    assert.deepStrictEqual(await value(200), lines);
    await client.send("document", changed);
    assert.deepStrictEqual(await value(201), changed);
    assert.equal(client.stats.value.deltas, 1);
  });
}

test("an element shows BigInts as text", async () => {
  const client = open("cbor");
  const document = client.document("document");
  const element = {};
  document.bind(element);
  const shown = new Promise((resolve) => document.subscribe((value) => value.big && resolve(element.textContent)));
  await client.send("document", { big: 2n ** 60n, small: 1 });
  assert.equal(await shown, '{\n  "big": "1152921504606846976",\n  "small": 1\n}');
});

const nested = (levels) => Array.from({ length: levels }).reduce((inner) => [inner], null);

for (const encoding of BINARY) {
  test(`what cannot be sent in ${encoding} is refused with its place`, async () => {
    const client = open(encoding);
    const refused = async (value, message) => {
      await assert.rejects(client.send("document", value), { name: "PushError", code: "bad_value", argument: "value", message });
    };
    const loop = {};
    loop.self = loop;
    await refused(undefined, /type undefined/);
    await refused(() => {}, /type function/);
    await refused(loop, /deeper than 64 levels, or in itself/);
    await refused(nested(65), /deeper than 64/);
    await refused({ price: Number.NaN }, /NaN in "price"/);
    await refused([1, -Infinity], /-Infinity in "1"/);
    await refused({ size: 2n ** 64n }, /18446744073709551616n in "size" is not from -2\^63/);
    await refused(-(2n ** 63n) - 1n, /-9223372036854775809n is not/);
    await refused({ name: "\ud800" }, /lone surrogate in "name"/);
    await refused({ "\udc00": 1 }, /lone surrogate/);
    await refused({ file: Uint8Array.of(1) }, /bytes in "file"/);
    await refused(new Map(), /a Map/);
    assert.deepStrictEqual(await echo(client, nested(64)), nested(64));
  });

  test(`a damaged body in ${encoding} is another value or a fault, and the stream goes on`, async () => {
    const draw = random(`damage in ${encoding}`);
    const value = { broken: ["text", 1.5, [true, null, { a: 70_000, b: -1, c: "a text of more than 31 bytes" }]] };
    // A byte of each body is changed, of the 40 after its key.
    const client = open(encoding, { WebSocket: damaging("broken", (data, at) => (data[at + draw(40)] = draw(256))), compression: false });
    const faults = [];
    client.onFault((error) => faults.push(error.code));
    let read = 0;
    const all = new Promise((resolve) => {
      const subscription = client.on("log", (entry) => {
        if (entry.value === "the end") resolve();
        else read += 1;
      }, { from: "newest" });
      subscription.onOutcome(() => backend.publishLog([...Array(300).fill(value), "the end"]));
    });
    await all;
    assert.equal(read + faults.length, 300);
    assert.deepEqual(new Set(faults), new Set(["bad_payload"]));
    assert.equal(client.status.value.phase, "connected");
  });

  test(`a body that is no ${encoding} is a fault with its entry`, async () => {
    // The byte before the text has its length; this one begins no value.
    const byte = encoding === "msgpack" ? 0xc1 : 0xfc;
    const client = open(encoding, { WebSocket: damaging("broken", (data, at) => (data[at - 7] = byte)), compression: false });
    const faults = [];
    client.onFault((error) => faults.push(error));
    const messages = client.messages("log", { from: "newest" });
    await new Promise((resolve) => messages.subscription.onOutcome(resolve));
    backend.publishLog(["whole", "broken", "after it"]);
    const { value: first } = await messages.next();
    const { value: second } = await messages.next();
    assert.deepEqual([first.value, second.value, second.cursor - first.cursor], ["whole", "after it", 2n]);
    assert.deepEqual(faults.map(({ code }) => code), ["bad_payload"]);
    assert.match(faults[0].message, new RegExp(`entry ${first.cursor + 1n} is not a value in ${encoding}: expected`));
  });
}

/** A class of WebSockets that changes what arrives after each occurrence of a text. */
function damaging(text, damage) {
  return class extends WebSocket {
    emit(name, data, ...more) {
      if (name !== "message") return super.emit(name, data, ...more);
      const bytes = new Uint8Array(data);
      const given = Buffer.from(bytes);
      for (let at = given.indexOf(text); at >= 0; at = given.indexOf(text, at + 1)) damage(bytes, at + text.length);
      return super.emit(name, bytes.buffer, ...more);
    }
  };
}
