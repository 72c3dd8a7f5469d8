// Tests of the chat room of examples/chat in plain pages, by the code of the README's section on event streams, in Chromium
// and Firefox.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { launch, launchFirefox } from "./browser.mjs";
import { Talker } from "./talker.mjs";
import { Program, root } from "./program.mjs";
import { Proxy } from "./proxy.mjs";

const TIMEOUT_MS = 60_000;

/** Connections of a browser to one origin over HTTP/1.1. */
const CONNECTIONS = 6;

const browsers = {};
let chat;
let proxy;
let script;

before(async () => {
  const readme = await readFile(path.join(root, "README.md"), "utf8");
  [, script] = readme.match(/```js\n(const clientId = [^]*?)```/);
  browsers.Chromium = await launch();
  browsers.Firefox = await launchFirefox();
});

beforeEach(async () => {
  chat = await Program.start("chat", (address) => [address], path.join(root, "examples/chat"));
  proxy = await Proxy.to(chat.port);
});

afterEach(async () => {
  await proxy.close();
  await chat.stop();
});

after(() => Promise.all(Object.values(browsers).map((browser) => browser.close())));

/** Opens a page of the proxy's origin that has no script. */
async function openPage(context) {
  const page = await context.newPage();
  await page.goto(`${proxy.url}style.css`);
  return page;
}

/** Runs the README's code in a page, with functions that record what it shows. */
async function runScript(page, code = script) {
  const shown = "window.lines = []; window.notes = []; const show = (message) => lines.push(message.text), note = (text) => notes.push(text);";
  await page.evaluate(`{ ${shown} ${code} window.events = events; window.say = say; }`);
}

/** Waits until the page shows this text, and returns all. */
async function shownUntil(page, text) {
  await page.waitForFunction((last) => window.lines.at(-1) === last, { timeout: TIMEOUT_MS, polling: 50 }, text);
  return page.evaluate(() => window.lines);
}

const numbered = (from, to) => Array.from({ length: to - from }, (_, index) => `line ${from + index}`);

for (const name of ["Chromium", "Firefox"]) {
  test(`a plain page in ${name} shows every line once over five cuts`, { timeout: 3 * TIMEOUT_MS }, async () => {
    const context = await browsers[name].createBrowserContext();
    const page = await openPage(context);
    await runScript(page);
    const talker = await Talker.join(chat.port);
    for (let round = 0; round < 5; round += 1) {
      const from = round * 20;
      for (const line of numbered(from, from + 10)) await talker.say(line);
      assert.deepEqual(await shownUntil(page, `line ${from + 9}`), numbered(0, from + 10));
      // Some of these are lost in transit, the others are sent while the page is disconnected.
      for (const line of numbered(from + 10, from + 15)) await talker.say(line);
      proxy.cut();
      for (const line of numbered(from + 15, from + 20)) await talker.say(line);
      proxy.restore();
      assert.deepEqual(await shownUntil(page, `line ${from + 19}`), numbered(0, from + 20));
    }
    assert.deepEqual(await page.evaluate(() => window.notes), []);
    talker.leave();
    await context.close();
  });

  test(`a plain page in ${name} sends, and continues at a restarted server`, { timeout: 3 * TIMEOUT_MS }, async () => {
    const context = await browsers[name].createBrowserContext();
    const page = await openPage(context);
    await runScript(page);
    await page.waitForFunction(() => window.events.readyState === EventSource.OPEN);
    for (const line of numbered(0, 10)) await page.evaluate((text) => window.say({ name: "Ada", text }), line);
    assert.deepEqual(await shownUntil(page, "line 9"), numbered(0, 10));
    const refused = page.evaluate(() => window.say({ name: "Ada", text: "" }).then(() => "taken", (error) => error.message));
    assert.match(await refused, /1 to 1,000 bytes/);

    await chat.killAndRestart(async () => proxy.cut());
    const talker = await Talker.join(chat.port);
    for (const line of numbered(10, 15)) await talker.say(line);
    proxy.restore();
    assert.deepEqual(await shownUntil(page, "line 14"), numbered(0, 15));
    assert.deepEqual(await page.evaluate(() => window.notes), ["earlier messages may be missing"]);
    await page.evaluate(() => window.say({ name: "Ada", text: "line 15" }));
    assert.deepEqual(await shownUntil(page, "line 15"), numbered(0, 16));
    talker.leave();
    await context.close();
  });

  test(`a plain page in ${name} shows a misspelt channel, and that it is refused`, { timeout: TIMEOUT_MS }, async () => {
    const context = await browsers[name].createBrowserContext();
    const page = await openPage(context);
    const noted = async (count) => {
      await page.waitForFunction((least) => window.notes.length >= least, { timeout: TIMEOUT_MS, polling: 50 }, count);
      return page.evaluate(() => window.notes);
    };
    await runScript(page, script.replace("channels=chat", "channels=chatt"));
    assert.deepEqual(await noted(1), ['there is no channel named "chatt"']);
    await page.evaluate(() => window.events.close());
    await runScript(page, script.replace("client_id=${clientId}", "client_id=7"));
    assert.deepEqual(await noted(1), ["the server refuses this client"]);
    await context.close();
  });

  test(`a plain page in ${name} waits and sends again after 429`, { timeout: TIMEOUT_MS }, async () => {
    const context = await browsers[name].createBrowserContext();
    const page = await openPage(context);
    await runScript(page);
    await page.waitForFunction(() => window.events.readyState === EventSource.OPEN);
    await page.evaluate(() => {
      const { fetch } = window;
      const answers = [new Response("{}", { status: 429, headers: { "retry-after": "0" } })];
      window.fetch = async (...request) => answers.pop() ?? fetch(...request);
      return window.say({ name: "Ada", text: "line 0" });
    });
    assert.deepEqual(await shownUntil(page, "line 0"), ["line 0"]);
    await context.close();
  });

  test(`of 20 tabs in ${name}, six have an event stream over HTTP/1.1`, { timeout: 3 * TIMEOUT_MS }, async () => {
    const context = await browsers[name].createBrowserContext();
    let waiting = [];
    for (let tab = 0; tab < 20; tab += 1) waiting.push(await openPage(context));
    for (const page of waiting) await runScript(page);
    const talker = await Talker.join(chat.port);
    let served = 0;
    while (waiting.length > 0) {
      // Each tab gets its stream once others are closed.
      const open = await openOnes(waiting, Math.min(CONNECTIONS, waiting.length));
      assert.equal(open.length, Math.min(CONNECTIONS, waiting.length));
      await talker.say(`line ${served}`);
      for (const page of open) await shownUntil(page, `line ${served}`);
      for (const page of open) await page.close();
      served += open.length;
      waiting = waiting.filter((page) => !open.includes(page));
    }
    talker.leave();
    await context.close();
  });
}

/** Waits until at least `count` of these pages have an open stream, and returns these. */
async function openOnes(pages, count) {
  for (;;) {
    const states = await Promise.all(pages.map((page) => page.evaluate(() => window.events.readyState)));
    const open = pages.filter((_, index) => states[index] === 1);
    if (open.length >= count) return open;
  }
}
