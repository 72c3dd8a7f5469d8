// Tests of examples/chat, the README's program, in Chromium.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { launch } from "./browser.mjs";
import { Program, root, target } from "./program.mjs";

let browser;
let chat;

before(async () => {
  browser = await launch();
});

beforeEach(async () => {
  chat = await Program.start("chat", (address) => [address], path.join(root, "examples/chat"));
});

afterEach(() => chat.stop());

after(() => browser.close());

/** Opens the page in a browser context of its own, and types a name. */
async function open(name) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${chat.port}/`);
  await phase(page, "connected");
  await page.type("#name", name);
  return page;
}

function phase(page, name) {
  return page.waitForSelector(`#status[data-phase="${name}"]`);
}

async function say(page, text) {
  await page.type("#text", text);
  await page.click("button");
}

/** Waits until the list has exactly these items: `[name, text]`, or `[null, text]` for a note. */
async function shows(page, expected) {
  const read = () =>
    [...document.querySelectorAll("#messages li")].map((item) => [
      item.querySelector("b")?.textContent ?? null,
      item.lastChild.textContent,
    ]);
  const count = (wanted) => document.querySelectorAll("#messages li").length >= wanted;
  await page.waitForFunction(count, { polling: "mutation" }, expected.length);
  assert.deepEqual(await page.evaluate(read), expected);
}

test("two tabs exchange messages, kept over a reload", async () => {
  const [ada, ben] = [await open("Ada"), await open("Ben")];
  await say(ada, "hello");
  await shows(ben, [["Ada", "hello"]]);
  await say(ben, "hello yourself");
  const both = [["Ada", "hello"], ["Ben", "hello yourself"]];
  await shows(ada, both);
  assert.equal(await ada.$$eval(".own", (items) => items.length), 1);

  await ada.reload();
  await phase(ada, "connected");
  await shows(ada, both);
  assert.equal(await ada.$eval("#name", (input) => input.value), "Ada");
});

test("an error of the server's handler is shown", async () => {
  const page = await open("Ada");
  await say(page, "   ");
  await page.waitForFunction(() => document.getElementById("problem").textContent !== "");
  assert.match(await page.$eval("#problem", (problem) => problem.textContent), /1 to 1,000 bytes/);
  await shows(page, []);
});

test("a restart of the server is shown, and entries continue", async () => {
  const page = await open("Ada");
  await say(page, "before");
  await shows(page, [["Ada", "before"]]);
  await chat.killAndRestart(() => page.waitForSelector('#status:not([data-phase="connected"])'));
  await say(page, "after");
  await shows(page, [
    [null, "The server was restarted: earlier messages are gone."],
    ["Ada", "after"],
  ]);
});

test("screenshots fit a desktop and a phone", async () => {
  const folder = path.join(target, "screenshots");
  await mkdir(folder, { recursive: true });
  const [ada, ben] = [await open("Ada"), await open("Ben")];
  const talk = [
    [ada, "Is the new sensor online?"],
    [ben, "Since ten o'clock. The first values look right, but the clock of the second board is an hour behind."],
    [ada, "I will set it."],
  ];
  const said = [];
  for (const [page, text] of talk) {
    await say(page, text);
    said.push([page === ada ? "Ada" : "Ben", text]);
    await shows(ada, said);
  }
  const sizes = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
  for (const [name, size] of Object.entries(sizes)) {
    await ada.setViewport(size);
    for (const scheme of ["light", "dark"]) {
      await ada.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      await ada.screenshot({ path: path.join(folder, `chat-${name}-${scheme}.png`) });
      const overflow = await ada.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(overflow <= 0, `${name}: the page is ${overflow} pixels too wide`);
    }
  }
});
