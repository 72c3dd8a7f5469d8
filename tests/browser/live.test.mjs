// Tests of examples/live in Chromium, over a proxy whose connections are cut: no loss, no repeat, every reset shown.
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";

import { Backend } from "./backend.mjs";
import { connected, launch, openPage, reload, shownDocument, shownLines } from "./browser.mjs";
import { root, target } from "./program.mjs";
import { Proxy } from "./proxy.mjs";
import { random } from "./random.mjs";

const TIMEOUT_MS = 60_000;
let browser;

before(async () => {
  browser = await launch();
});

after(() => browser.close());

/** Runs a test with a backend and `count` pages, each behind a proxy of its own. */
async function withPages(count, run) {
  const backend = await Backend.start();
  const proxies = [];
  const pages = [];
  const errors = [];
  try {
    for (let index = 0; index < count; index += 1) {
      proxies.push(await Proxy.to(backend.port));
      pages.push(await openPage(browser, proxies[index].url, errors));
    }
    await run({ backend, pages, proxies });
    assert.deepEqual(errors, [], "uncaught exceptions of the pages");
  } catch (error) {
    error.message += `\nOutput of the backend:\n${backend.output}`;
    throw error;
  } finally {
    for (const page of pages) await page.browserContext().close();
    for (const proxy of proxies) await proxy.close();
    await backend.stop();
  }
}

/** Waits until the page shows this line. */
function untilShown(page, line) {
  const shows = (text) => [...document.querySelectorAll("#log li[data-cursor]")].some((item) => item.textContent === text);
  return page.waitForFunction(shows, { timeout: TIMEOUT_MS, polling: "mutation" }, line);
}

/** Waits until the page shows this text of the document. */
function untilDocument(page, text) {
  const shows = (wanted) => document.getElementById("document").dataset.text === wanted;
  return page.waitForFunction(shows, { timeout: TIMEOUT_MS, polling: "mutation" }, text);
}

const lines = (from, to) => Array.from({ length: to - from }, (_, index) => `line ${from + index}`);

test("two pages show 500 lines once, in order, over five cuts", { timeout: 3 * TIMEOUT_MS }, async () => {
  await withPages(2, async ({ backend, pages, proxies }) => {
    const draw = random("lines");
    const cuts = new Set();
    while (cuts.size < 5) cuts.add(draw(500));
    for (let n = 0; n < 500; n += 1) {
      await backend.appendLines([`line ${n}`]);
      if (!cuts.has(n)) continue;
      // A page must be close behind when it is cut, so that the cut can lose lines.
      if (n > 0) await Promise.all(pages.map((page) => untilShown(page, `line ${Math.max(0, n - 40)}`)));
      proxies.forEach((proxy) => proxy.cut());
      if (draw(2) === 0) await Promise.all(pages.map(disconnected));
      proxies.forEach((proxy) => proxy.restore());
    }
    for (const page of pages) {
      await untilShown(page, "line 499");
      assert.deepEqual(await shownLines(page), lines(0, 500));
    }
  });
});

test("a document gets 50 edits as deltas, over cuts", { timeout: 3 * TIMEOUT_MS }, async () => {
  await withPages(1, async ({ backend, pages: [page], proxies: [proxy] }) => {
    const draw = random("document");
    const words = Array.from({ length: 1200 }, (_, index) => `word${index}`);
    const text = () => `# A document\n\n${words.map((word, index) => (index % 12 === 11 ? `${word}\n` : word)).join(" ")}\n`;
    await backend.saveDocument(text());
    await untilDocument(page, text());
    const before = await cost(page);
    for (let edit = 0; edit < 50; edit += 1) {
      words[draw(words.length)] = `edit${edit}`;
      if (edit % 10 === 4) {
        proxy.cut();
        await disconnected(page);
        await backend.saveDocument(text());
        proxy.restore();
      } else {
        await backend.saveDocument(text());
      }
      await untilDocument(page, text());
      assert.equal(await shownDocument(page), text());
    }
    const after = await cost(page);
    const wire = after.wireBytes - before.wireBytes;
    const whole = after.valueBytes - before.valueBytes;
    assert.ok(whole > 40 * text().length, `the edits came as ${whole} bytes of values`);
    assert.ok(wire < whole / 5, `${wire} bytes on the wire for ${whole} bytes of values`);
  });
});

test("a document of 400 KB arrives in fragments", { timeout: 3 * TIMEOUT_MS }, async () => {
  await withPages(1, async ({ backend, pages: [page], proxies: [proxy] }) => {
    const draw = random("large document");
    const word = () => draw(2 ** 32).toString(36);
    const text = () => `${Array.from({ length: 5_000 }, () => Array.from({ length: 12 }, word).join(" ")).join("\n")}\n`.slice(0, 400_000);
    const [first, second] = [text(), text()];
    const before = await cost(page);
    await backend.saveDocument(first);
    await untilDocument(page, first);
    const after = await cost(page);
    assert.ok(after.wireBytes - before.wireBytes > 10 * 16 * 1024, "compression saves few of its bytes");
    proxy.cut();
    await disconnected(page);
    await backend.saveDocument(second);
    proxy.restore();
    await untilDocument(page, second);
  });
});

test("a page shows the reset after kill -9, and continues", { timeout: 3 * TIMEOUT_MS }, async () => {
  await withPages(1, async ({ backend, pages: [page] }) => {
    await page.evaluate(() => (window.notReloaded = true));
    await backend.appendLines(lines(0, 20));
    await untilShown(page, "line 19");
    await backend.killAndRestart(async () => {
      await backend.appendLines(lines(20, 25));
      await backend.saveDocument("# written while no server ran\n");
    });
    await connected(page);
    await untilShown(page, "line 24");
    await untilDocument(page, "# written while no server ran\n");
    const notes = await page.$$eval("#log li.note", (items) => items.map((item) => item.textContent));
    assert.deepEqual(notes, ["the log was reset: epoch_changed"]);
    await backend.appendLines(lines(25, 30));
    await untilShown(page, "line 29");
    assert.deepEqual(await shownLines(page), lines(0, 30));
    assert.equal(await page.evaluate(() => window.notReloaded), true);
  });
});

test("pages continue after SIGTERM", { timeout: 3 * TIMEOUT_MS }, async () => {
  await withPages(2, async ({ backend, pages }) => {
    await backend.appendLines(lines(0, 20));
    await Promise.all(pages.map((page) => untilShown(page, "line 19")));
    await backend.endAndRestart();
    await backend.appendLines(lines(20, 25));
    for (const page of pages) {
      await untilShown(page, "line 24");
      assert.deepEqual(await shownLines(page), lines(0, 25));
    }
  });
});

test("a reload loses and repeats no line", { timeout: 3 * TIMEOUT_MS }, async () => {
  await withPages(1, async ({ backend, pages: [page] }) => {
    for (let round = 0; round < 4; round += 1) {
      const from = round * 50;
      await backend.appendLines(lines(from, from + 25));
      await untilShown(page, `line ${from + 5}`);
      await Promise.all([reload(page), backend.appendLines(lines(from + 25, from + 50))]);
    }
    await untilShown(page, "line 199");
    assert.deepEqual(await shownLines(page), lines(0, 200));
  });
});

test("the transport of a page is chosen, and no line is lost over the change", { timeout: 3 * TIMEOUT_MS }, async () => {
  await withPages(1, async ({ backend, pages: [page] }) => {
    const shown = { sse: "Event stream", websocket: "WebSocket", auto: "WebSocket" };
    let written = 0;
    for (const [choice, name] of Object.entries(shown)) {
      await backend.appendLines(lines(written, written + 20));
      await Promise.all([page.waitForNavigation(), page.select("#transport-choice", choice)]);
      await connected(page);
      await page.waitForFunction((text) => document.getElementById("transport").textContent === text, { timeout: TIMEOUT_MS }, name);
      assert.equal(await page.$eval("#transport-choice", (select) => select.value), choice);
      written += 20;
    }
    await backend.appendLines(["the last line"]);
    await untilShown(page, "the last line");
    assert.deepEqual(await shownLines(page), [...lines(0, written), "the last line"]);
  });
});

test("screenshots fit a desktop and a phone", { timeout: 3 * TIMEOUT_MS }, async () => {
  const folder = path.join(target, "screenshots");
  await mkdir(folder, { recursive: true });
  await withPages(1, async ({ backend, pages: [page] }) => {
    const readme = await readFile(path.join(root, "README.md"), "utf8");
    await backend.saveDocument(readme);
    await untilDocument(page, readme);
    await backend.saveDocument(`${readme}\nOne line more.\n`);
    await untilDocument(page, `${readme}\nOne line more.\n`);
    await backend.appendLines(lines(0, 40));
    await untilShown(page, "line 39");
    await page.type("#say-text", "Hello from the test");
    await page.click("#say button");
    const full = () => document.querySelector("#room li") !== null && window.pushWire.stats.value.entries >= 60;
    await page.waitForFunction(full, { timeout: TIMEOUT_MS });
    const sizes = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
    for (const [name, size] of Object.entries(sizes)) {
      await page.setViewport(size);
      for (const scheme of ["light", "dark"]) {
        await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
        await page.screenshot({ path: path.join(folder, `${name}-${scheme}.png`), fullPage: true });
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(overflow <= 0, `${name}: the page is ${overflow} pixels too wide`);
      }
    }
  });
});

function disconnected(page) {
  return page.waitForSelector('#status:not([data-phase="connected"])', { timeout: TIMEOUT_MS });
}

/** Statistics of the document: bytes received and bytes of the whole values so far. */
function cost(page) {
  return page.evaluate(() => ({ ...window.liveDocument.stats }));
}
