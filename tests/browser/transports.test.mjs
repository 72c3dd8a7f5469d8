// Tests of the package behind proxies that block, kill or buffer its transports, in Chromium and Firefox.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { useLabs, useServer } from "./hooks.mjs";
import { HttpProxy } from "./http-proxy.mjs";
import { holds, LAUNCHERS, load } from "./lab.mjs";

/** Speed of the pages' clocks: a client returns to WebSocket after five minutes of its page. */
const HASTE = 60;

const labs = useLabs();
const server = useServer();
const proxies = [];

afterEach(async () => {
  for (const proxy of proxies.splice(0)) await proxy.close();
});

/** Opens a page behind a proxy of its own, which connects, and records the lines of the log and the transports. */
async function open(lab, { haste, onUpgrade, onRequest = () => false }) {
  const proxy = await HttpProxy.to(server.backend.port);
  proxies.push(proxy);
  Object.assign(proxy, { onUpgrade, onRequest });
  const page = await lab.open(`${proxy.url}empty.html`, { haste });
  await load(page);
  await page.evaluate(() => {
    window.lines = [];
    window.phases = [];
    window.client = window.push.connect("/rps");
    window.client.status.subscribe(({ phase }) => window.phases.push(phase));
    window.client.on("log", ({ value }) => window.lines.push(value));
  });
  return { page, proxy };
}

/** Waits until the page is connected by this transport. Pages that are not in front make no attempts. */
async function connectedBy(page, transport) {
  await page.bringToFront();
  await holds(page, (name) => window.client.status.value.transport === name, transport);
}

/** The lines that the tests publish. */
const lines = (from, to) => Array.from({ length: to - from }, (_, index) => `line ${from + index}`);

/** Waits until the page has had this many lines, and checks that it had each once and in order. */
async function shows(page, count) {
  await holds(page, (least) => window.lines.length >= least, count);
  assert.deepEqual(await page.evaluate(() => window.lines), lines(0, count));
}

/** Sends a value by each transport in each encoding, and returns what the page reads of it, BigInts as text with an n. */
function echoes(page) {
  return page.evaluate(async () => {
    const read = [];
    const value = (n) => ({ n, small: [1, -0.5, "é😀"], ["__proto__"]: null });
    for (const transport of ["websocket", "sse"]) {
      for (const encoding of ["json", "msgpack", "cbor"]) {
        const client = window.push.connect("/rps", { transport, encoding, storage: null });
        await client.send("document", value(encoding === "json" ? 2 ** 53 : 2n ** 64n - 1n));
        const entry = await client.once("document");
        const text = (_, item) => (typeof item === "bigint" ? `${item}n` : item);
        read.push([transport, encoding, JSON.stringify(entry.value, text)]);
        client.close();
      }
    }
    return read;
  });
}

/** Ways in which proxies block requests that open a WebSocket. */
const BLOCKS = [
  (_, page) => void page.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
  (_, page) => void page.resetAndDestroy(),
  // No answer.
  () => {},
];

for (const name of Object.keys(LAUNCHERS)) {
  test(`${name} reads event streams while upgrades are blocked, and returns to WebSocket`, async () => {
    const blocked = BLOCKS.map((block) => (...upgrade) => {
      block(...upgrade);
      return true;
    });
    const opened = await Promise.all(blocked.map((onUpgrade) => open(labs[name], { haste: HASTE, onUpgrade })));
    for (const { page } of opened) await connectedBy(page, "sse");
    server.backend.publishLog(lines(0, 20));
    for (const { page } of opened) await shows(page, 20);
    for (const { proxy } of opened) proxy.onUpgrade = () => false;
    for (const { page } of opened) await connectedBy(page, "websocket");
    server.backend.publishLog(lines(20, 40));
    for (const { page } of opened) {
      await shows(page, 40);
      assert.equal(await page.evaluate(() => window.phases.includes("closed")), false);
    }
    assert.deepEqual(labs[name].heard(), []);
  });

  test(`${name} leaves WebSockets that are killed again and again`, async () => {
    const onUpgrade = (_, page) => {
      setTimeout(() => page.destroy(), 200);
      return false;
    };
    const { page } = await open(labs[name], { onUpgrade });
    let published = 0;
    while (!(await page.evaluate(() => window.client.status.value.transport === "sse"))) {
      server.backend.publishLog(lines(published, published + 1));
      published += 1;
      await shows(page, published);
    }
    server.backend.publishLog(lines(published, published + 20));
    await shows(page, published + 20);
    assert.equal(await page.evaluate(() => window.phases.includes("closed")), false);
    assert.deepEqual(labs[name].heard(), []);
  });

  test(`${name} goes on trying where event streams are buffered, too`, async () => {
    let buffered = 0;
    const onRequest = ({ url }) => {
      if (!url.startsWith("/rps/sse")) return false;
      buffered += 1;
      return true;
    };
    const onUpgrade = (_, page) => {
      page.destroy();
      return true;
    };
    const { page, proxy } = await open(labs[name], { haste: HASTE, onUpgrade, onRequest });
    while (buffered < 2) await holds(page, () => window.client.status.value.phase === "waiting");
    proxy.onUpgrade = () => false;
    await connectedBy(page, "websocket");
    server.backend.publishLog(lines(0, 20));
    await shows(page, 20);
    assert.equal(await page.evaluate(() => window.phases.includes("closed")), false);
    assert.deepEqual(labs[name].heard(), []);
  });

  test(`${name} sends and reads values in each encoding, over each transport`, async () => {
    const { page } = await open(labs[name], { onUpgrade: () => false });
    const json = (n) => `{"__proto__":null,"n":${n},"small":[1,-0.5,"é😀"]}`;
    const expected = ["websocket", "sse"].flatMap((transport) => [
      [transport, "json", json(2 ** 53)],
      [transport, "msgpack", json('"18446744073709551615n"')],
      [transport, "cbor", json('"18446744073709551615n"')],
    ]);
    assert.deepEqual(await echoes(page), expected);
  });
}
