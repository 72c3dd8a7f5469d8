// Tests of assets, sent by a real server and opened by the installed package in Node.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { WebSocket } from "ws";

import { Fixture } from "./fixture.mjs";
import { Installed, until } from "./installed.mjs";

const LARGE = 300 * 1024;

let installed;
let backend;
let client;
let pictures;

before(async () => {
  [installed, backend] = await Promise.all([Installed.create(), Fixture.start()]);
  await installed.write("entry.js", 'export * from "push-wire";');
  const { connect } = await installed.import("entry.js");
  client = connect(`http://127.0.0.1:${backend.port}`, { WebSocket });
  pictures = client.messages("samples", { inbox: true });
  await until({ subscribe: (listener) => pictures.subscription.onOutcome(listener) }, ({ type }) => type === "resumed");
});

after(async () => {
  client?.close();
  await backend?.stop();
  await installed?.remove();
});

async function sent(bytes, url) {
  backend.sendPicture(bytes, url);
  return (await pictures.next()).value.value;
}

function picture(bytes) {
  return new Uint8Array(Buffer.alloc(bytes, "GIF89a"));
}

function inline(text, changes = {}) {
  const sha256 = createHash("sha256").update(text).digest("hex");
  const data_base64 = Buffer.from(text).toString("base64");
  return { kind: "inline", mime: "image/png", sha256, size: text.length, data_base64, ...changes };
}

const fails = (envelope, code, message, options) =>
  assert.rejects(client.openAsset(envelope, options), (error) => error.code === code && message.test(error.message));

test("small pictures are inside the entry, large ones are fetched", async () => {
  const small = await sent(1000);
  assert.equal(small.kind, "inline");
  const opened = await client.openAsset(small);
  assert.deepEqual(new Uint8Array(opened.buffer), picture(1000));
  assert.equal(opened.mime, "image/gif");
  assert.equal(opened.name, "a.gif");

  const large = await sent(LARGE, `/picture/${LARGE}`);
  assert.equal(large.kind, "pointer");
  const fetched = await client.openAsset(large);
  assert.deepEqual(new Uint8Array(fetched.buffer), picture(LARGE));
});

test("other bytes than the envelope states are refused with the reason", async () => {
  for (const [path, message] of [
    [`/picture/${LARGE + 100_000}`, /where its envelope states 307200/],
    [`/picture/${LARGE - 1}`, /has 307199 bytes/],
    ["file:///etc/hostname", /neither http nor https/],
    ["http://", /not a URL/],
  ]) {
    await fails(await sent(LARGE, path), "bad_asset", message);
  }
  await fails(await sent(LARGE, "/picture/none"), "unreachable", /HTTP status 400/);
  await fails(await sent(LARGE, `/picture/${LARGE}`), "bad_asset", /the limit is 1000/, { maxBytes: 1000 });
  await fails(inline("abc", { sha256: "00".repeat(32) }), "bad_asset", /SHA-256/);
  await fails(inline("abc", { sha256: "ab" }), "bad_asset", /64 hexadecimal digits/);
  await fails(inline("abc", { data_base64: "!" }), "bad_asset", /not base64/);
  await fails(inline("abc", { kind: "other" }), "bad_argument", /envelope.kind/);
  await fails(inline("abc", { size: -1 }), "bad_argument", /envelope.size/);
});

test("a download that takes too long is given up", async () => {
  const server = createServer(() => {}).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { sha256, size } = inline("abc");
    const url = `http://127.0.0.1:${server.address().port}/a`;
    const pointer = { kind: "pointer", mime: "image/png", sha256, size, url };
    await fails(pointer, "unreachable", /not within 1 ms/, { timeoutMs: 1 });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
