// Tests of examples/shared-channels in Chromium: an npm package whose module has the channels of its backend.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { launch } from "./browser.mjs";
import { Program, root } from "./program.mjs";

const example = path.join(root, "examples/shared-channels");

let browser;
let backend;

before(async () => {
  [browser, backend] = await Promise.all([launch(), Program.start("orders", (address) => [address], example)]);
});

after(async () => {
  await browser?.close();
  await backend?.stop();
});

/** Opens the page in a browser context of its own, and waits until it shows the menu. */
async function open() {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${backend.port}/`);
  await page.waitForSelector('#status[data-phase="connected"]');
  await page.waitForSelector("#dishes button");
  return page;
}

const texts = (page, selector) => page.$$eval(selector, (items) => items.map(({ textContent }) => textContent));

test("an order reaches every page, and a wrong one is refused by the backend", async () => {
  const [waiter, kitchen] = [await open(), await open()];
  assert.deepEqual((await texts(waiter, "#dishes button"))[1], "Mushroom risotto14.20");
  await waiter.click("#dishes button:nth-child(2)");
  for (const page of [waiter, kitchen]) {
    await page.waitForSelector("#orders li");
    assert.deepEqual(await texts(page, "#orders li"), ["1Mushroom risottotable 1"]);
  }
  await waiter.$eval("#table", (input) => (input.value = "99"));
  await waiter.click("#dishes button");
  await waiter.waitForFunction(() => document.getElementById("problem").textContent !== "");
  assert.deepEqual(await texts(waiter, "#problem"), ["there is no table 99; the tables are 1 to 12"]);
  await waiter.setViewport({ width: 390, height: 844 });
  assert.equal(await waiter.evaluate(() => document.documentElement.scrollWidth), 390);
});

test("a channel that the enum does not have is refused without the server", async () => {
  const page = await open();
  const errors = await page.evaluate(async () => {
    const { connect } = await import("orders-push");
    // Nothing listens there: an answer cannot come from a server.
    const client = connect("http://127.0.0.1:9/rps", { storage: null });
    const caught = [];
    for (const call of [() => client.on("oder", () => {}), () => client.send("system", {}), () => client.document("Menu")]) {
      try {
        await call();
      } catch ({ name, code, argument, message }) {
        caught.push({ name, code, argument, message });
      }
    }
    client.on("order", () => {});
    client.close();
    return caught;
  });
  const refused = (channel) => ({
    name: "PushError",
    code: "unknown_channel",
    argument: "channel",
    message: `there is no channel "${channel}"; the channels are menu, order`,
  });
  assert.deepEqual(errors, [refused("oder"), refused("system"), refused("Menu")]);
});

test("the page compiles with the package's types, and other channels and payloads do not", async () => {
  const tsc = path.join(root, "node_modules/typescript/bin/tsc");
  const options = ["--noEmit", "--allowJs", "--checkJs", "--strict", "--module", "esnext", "--moduleResolution", "bundler"];
  const compile = (file) =>
    promisify(execFile)(process.execPath, [tsc, ...options, "--target", "es2022", "--lib", "es2022,dom", "--types", "", file], { cwd: example }).catch((error) => {
      throw new Error(error.stdout, { cause: error });
    });
  await compile("page/main.js");
  const folder = await mkdtemp(path.join(example, "node_modules/types-"));
  try {
    const file = path.join(folder, "wrong.ts");
    await writeFile(file, WRONG);
    await compile(file);
  } finally {
    await rm(folder, { recursive: true });
  }
});

const WRONG = `
import { connect, type Order } from "orders-push";
const client = connect("/rps");
client.on("order", ({ value }) => value satisfies Order);
client.send("order", { table: 1, dish: "Plum cake" });
// @ts-expect-error: no such channel
client.on("oder", () => {});
// @ts-expect-error: pages do not send menus
client.send("menu", []);
// @ts-expect-error: the dish is missing
client.send("order", { table: 1 });
`;
