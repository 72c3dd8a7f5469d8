// Tests of compressed entries and dictionaries, which the server trains from its log, in Chromium and in Node.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { WebSocket } from "ws";

import { connected, launch, openPage, reload } from "../../tests/browser/browser.mjs";
import { HttpProxy } from "../../tests/browser/http-proxy.mjs";
import { Fixture } from "./fixture.mjs";
import { Installed, until } from "./installed.mjs";

let browser;
let backend;
let installed;
let connect;
let proxy;
let written = 0;

before(async () => {
  [browser, backend, installed] = await Promise.all([launch(), Fixture.start(), Installed.create()]);
  await installed.write("entry.js", 'export * from "push-wire";');
  ({ connect } = await installed.import("entry.js"));
  // The server trains from the first 200 entries of a channel, and no sooner than a minute later again.
  backend.publishLog(requests(600));
});

beforeEach(async () => {
  proxy = await HttpProxy.to(backend.port);
});

afterEach(() => proxy.close());

after(async () => {
  await browser?.close();
  await backend?.stop();
  await installed?.remove();
});

/** Returns lines of a request log: short, and similar to each other. */
function requests(count) {
  return Array.from({ length: count }, () => {
    written += 1;
    return `127.0.0.1 - "GET /assets/page-${written % 7}.js HTTP/1.1" 200 ${written * 37} "Mozilla/5.0 (X11; Linux x86_64)" #${written}`;
  });
}

/** Checks that no dictionary was requested twice. After a minute there may be a second dictionary. */
function assertRequestedOnce() {
  assert.ok(proxy.requested.length > 0);
  assert.deepEqual(proxy.requested, [...new Set(proxy.requested)], "requested once");
}

/** Lets other tasks of the event loop run. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

const stats = (page) => page.evaluate(() => window.pushWire.stats.value);

/** Waits until a counter of the page's statistics is above a number. Polls by time: here are few animation frames. */
function untilStats(page, counter, above) {
  const source = `window.pushWire.stats.value.${counter} > ${above}`;
  return page.waitForFunction(source, { polling: 20 });
}

/** Waits until the page has a dictionary and the server knows that, because the server answers messages in order. */
async function holdsDictionary(page) {
  await untilStats(page, "dictionaries", 0);
  await page.evaluate(() => window.pushWire.send("lines", "ready"));
}

/** Adds lines to the log, waits until the page shows the last, and returns the growth of its statistics. */
async function reads(page, count) {
  const start = await stats(page);
  const lines = requests(count);
  backend.publishLog(lines);
  const shows = (text) => [...document.querySelectorAll("#log li")].some((item) => item.textContent === text);
  await page.waitForFunction(shows, { polling: 20 }, lines.at(-1));
  const end = await stats(page);
  return Object.fromEntries(Object.keys(end).map((name) => [name, end[name] - start[name]]));
}

test("a page fetches a dictionary once, also over a reload", async () => {
  const page = await openPage(browser, proxy.url, []);
  await holdsDictionary(page);
  const first = await reads(page, 300);
  assert.ok(first.compressed >= 300, `${first.compressed} of 300 came compressed`);
  assert.ok(first.bytesIn < first.valueBytes / 2, `${first.bytesIn} bytes carried ${first.valueBytes}`);
  assertRequestedOnce();

  await reload(page);
  await holdsDictionary(page);
  assert.ok((await reads(page, 50)).compressed >= 50);
  assertRequestedOnce();
  await page.browserContext().close();
});

test("entries arrive without a dictionary, which is retried", async () => {
  proxy.state = "missing";
  const page = await openPage(browser, proxy.url, []);
  await untilStats(page, "dictionariesFailed", 0);
  const { entries, valueBytes, bytesIn } = await reads(page, 300);
  assert.ok(entries >= 300);
  assert.ok(bytesIn > valueBytes);
  assertRequestedOnce();

  proxy.state = "open";
  await page.evaluate(() => window.pushWire.interrupt(0));
  await connected(page);
  await holdsDictionary(page);
  assert.ok((await reads(page, 50)).compressed >= 50);
  await page.browserContext().close();
});

test("a closed client cancels its downloads", async (t) => {
  proxy.state = "stuck";
  const canceled = new Promise((resolve) => (proxy.onCanceled = resolve));
  const client = connect(proxy.url, { WebSocket });
  t.after(() => client.close());
  client.on("log", () => {});
  while (proxy.requested.length === 0) await turn();
  client.close();
  await canceled;
});

test("Node fetches a dictionary, unless compression is off", async (t) => {
  for (const compression of [true, false]) {
    // A dictionary's URL is made from the socket's without its query.
    const client = connect(new URL("rps?page=7", proxy.url), { WebSocket, compression });
    t.after(() => client.close());
    const last = requests(300);
    const reading = new Promise((resolve) => {
      client.on("log", ({ value }) => value === last.at(-1) && resolve());
    });
    await until(client.status, ({ phase }) => phase === "connected");
    while (compression && client.stats.value.dictionaries === 0) await turn();
    // After the answer to this message the server knows that the client has the dictionary.
    await client.send("lines", "ready");
    backend.publishLog(last);
    await reading;
    assert.equal(client.stats.value.compressed > 0, compression);
    client.close();
    assertRequestedOnce();
  }
});
