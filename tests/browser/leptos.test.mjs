// Test of examples/leptos, the demo's page in Rust, in Chromium with the demo's server.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

import { Backend } from "./backend.mjs";
import { connected, launch } from "./browser.mjs";
import { root, target } from "./program.mjs";

const TIMEOUT_MS = 60_000;

/** Waits until the element has a text that includes this one. */
function shows(page, selector, text) {
  const includes = (selector, text) => document.querySelector(selector)?.textContent.includes(text);
  return page.waitForFunction(includes, { timeout: TIMEOUT_MS, polling: "mutation" }, selector, text);
}

async function say(page, text) {
  await page.type("#say-text", text);
  await page.click('button[type="submit"]');
  await shows(page, "#room", text);
}

/** Waits until a chart has changed. */
async function changes(page, id) {
  const points = () => page.$eval(`#${id} polyline`, (line) => line.getAttribute("points"));
  const before = await points();
  const changed = (id, before) => document.querySelector(`#${id} polyline`).getAttribute("points") !== before;
  await page.waitForFunction(changed, { timeout: TIMEOUT_MS, polling: "mutation" }, id, before);
}

test("chat, counters and document are live, also after a restart of the server", { timeout: 3 * TIMEOUT_MS }, async () => {
  const [browser, backend] = await Promise.all([launch(), Backend.start(path.join(root, "examples/leptos/dist"))]);
  const errors = [];
  try {
    const page = await browser.newPage();
    page.on("pageerror", (error) => errors.push(error));
    await page.goto(`http://127.0.0.1:${backend.port}/`);
    await connected(page);
    await say(page, "before the restart");
    await changes(page, "memory");
    await shows(page, "#document", "# begun");
    await backend.saveDocument("# begun\n\nA second line.\n");
    await shows(page, "#document", "A second line.");
    await screenshots(page);

    await backend.killAndRestart(() => page.waitForSelector('#status:not([data-phase="connected"])'));
    await connected(page);
    await say(page, "after the restart");
    await changes(page, "memory");
    await shows(page, "#document", "A second line.");
    const messages = await page.$$eval("#room li", (items) => items.map(({ textContent }) => textContent));
    assert.deepEqual(messages, ["Ferrisafter the restart"]);

    await page.type("#say-text", " ");
    await page.click('button[type="submit"]');
    await shows(page, "#say-problem", "the text is empty");
    await page.click('[role="tab"]:nth-child(2)');
    await page.waitForFunction(() => document.querySelectorAll("#room li").length === 0);
    assert.deepEqual(errors, []);
  } finally {
    await browser.close();
    await backend.stop();
  }
});

async function screenshots(page) {
  const folder = path.join(target, "screenshots");
  await mkdir(folder, { recursive: true });
  const sizes = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
  for (const [name, size] of Object.entries(sizes)) {
    await page.setViewport(size);
    for (const scheme of ["light", "dark"]) {
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      await page.screenshot({ path: path.join(folder, `leptos-${name}-${scheme}.png`), fullPage: true });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(overflow <= 0, `${name}: the page is ${overflow} pixels too wide`);
    }
  }
}
