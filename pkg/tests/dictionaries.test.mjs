// Compressed entries and their dictionaries, which the real server trains from its log: in Chromium and in Node.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { WebSocket } from "ws";

import { connected, launch, openPage, reload } from "../../tests/browser/browser.mjs";
import { Gate } from "../../tests/browser/gate.mjs";
import { Fixture } from "./fixture.mjs";
import { Installed, until } from "./installed.mjs";

let browser;
let backend;
let installed;
let connect;
let gate;
let written = 0;

before(async () => {
  [browser, backend, installed] = await Promise.all([launch(), Fixture.start(), Installed.create()]);
  await installed.write("entry.js", 'export * from "push-wire";');
  ({ connect } = await installed.import("entry.js"));
  // The server trains from the first 200 entries of a channel, and no sooner than a minute later again.
  backend.publishLog(requests(600));
});

beforeEach(async () => {
  gate = await Gate.to(backend.port);
});

afterEach(() => gate.close());

after(async () => {
  await browser?.close();
  await backend?.stop();
  await installed?.remove();
});

/** Lines as of a request log: small, and much like each other. */
function requests(count) {
  return Array.from({ length: count }, () => {
    written += 1;
    return `127.0.0.1 - "GET /assets/page-${written % 7}.js HTTP/1.1" 200 ${written * 37} "Mozilla/5.0 (X11; Linux x86_64)" #${written}`;
  });
}

/** A minute on there may be a second dictionary; none is asked for twice. */
function eachOnce() {
  assert.ok(gate.asked.length > 0);
  assert.deepEqual(gate.asked, [...new Set(gate.asked)], "asked for once");
}

/** Lets others go on. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

const stats = (page) => page.evaluate(() => window.pushWire.stats);

/** Waits until this holds of the page's statistics. Not by animation frames, of which there are few here. */
function untilStats(page, holds, than) {
  const source = `(() => { const { ${holds} } = window.pushWire.stats; return ${holds} > ${than}; })()`;
  return page.waitForFunction(source, { polling: 20 });
}

/** Waits until the page has the dictionary and the server knows that: it answers in order. */
async function holdsDictionary(page) {
  await untilStats(page, "dictionaries", 0);
  await page.evaluate(() => window.pushWire.send("lines", "ready"));
}

/** Adds lines to the log, waits until the page shows the last, and returns what came in meanwhile. */
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
  const page = await openPage(browser, gate.url, []);
  await holdsDictionary(page);
  const first = await reads(page, 300);
  assert.ok(first.compressed >= 300, `${first.compressed} of 300 came compressed`);
  assert.ok(first.bytesIn < first.valueBytes / 2, `${first.bytesIn} bytes carried ${first.valueBytes}`);
  eachOnce();

  await reload(page);
  await holdsDictionary(page);
  assert.ok((await reads(page, 50)).compressed >= 50);
  eachOnce();
  await page.browserContext().close();
});

test("entries arrive without a dictionary, which is retried", async () => {
  gate.state = "closed";
  const page = await openPage(browser, gate.url, []);
  await untilStats(page, "dictionariesFailed", 0);
  const { entries, valueBytes, bytesIn } = await reads(page, 300);
  assert.ok(entries >= 300);
  assert.ok(bytesIn > valueBytes);
  eachOnce();

  gate.state = "open";
  await page.evaluate(() => window.pushWire.interrupt(0));
  await connected(page);
  await holdsDictionary(page);
  assert.ok((await reads(page, 50)).compressed >= 50);
  await page.browserContext().close();
});

test("a closed client cancels its downloads", async (t) => {
  gate.state = "stuck";
  const givenUp = new Promise((resolve) => (gate.onGivenUp = resolve));
  const client = connect(gate.url, { WebSocket });
  t.after(() => client.close());
  client.on("log", () => {});
  while (gate.asked.length === 0) await turn();
  client.close();
  await givenUp;
});

test("Node fetches a dictionary, unless compression is off", async (t) => {
  for (const compression of [true, false]) {
    // The address of a dictionary is that of the socket without its query.
    const client = connect(new URL("rps?page=7", gate.url), { WebSocket, compression });
    t.after(() => client.close());
    const last = requests(300);
    const reading = new Promise((resolve) => {
      client.on("log", ({ value }) => value === last.at(-1) && resolve());
    });
    await until(client.status, ({ phase }) => phase === "connected");
    while (compression && client.stats.dictionaries === 0) await turn();
    // The server has heard that the client holds it once it answers what was said later.
    await client.send("lines", "ready");
    backend.publishLog(last);
    await reading;
    assert.equal(client.stats.compressed > 0, compression);
    client.close();
    eachOnce();
  }
});
