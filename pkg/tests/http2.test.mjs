// Test of the package in Chromium over TLS and HTTP/2.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch } from "../../tests/browser/browser.mjs";
import { Fixture } from "./fixture.mjs";

let browser;
let backend;

before(async () => {
  [browser, backend] = await Promise.all([launch(["--ignore-certificate-errors"]), Fixture.start({ tls: true })]);
});

after(async () => {
  await browser?.close();
  await backend?.stop();
});

test("a page that came over HTTP/2 has its WebSocket on the same connection", async () => {
  const page = await browser.newPage();
  await page.goto(backend.url);
  const protocol = () => performance.getEntriesByType("navigation")[0].nextHopProtocol;
  assert.equal(await page.evaluate(protocol), "h2");
  await page.waitForFunction(() => window.pushWire?.status.value.phase === "connected");
  // Chromium takes HTTP/1.1 without a word where it cannot take HTTP/2.
  assert.deepEqual(backend.openings, ["CONNECT /rps HTTP/2.0"]);

  const lines = Array.from({ length: 200 }, (_, n) => `line ${n} ${"x".repeat(500)}`);
  backend.publishLog(lines);
  const shown = () => [...document.querySelectorAll("#log li")].map((item) => item.textContent);
  await page.waitForFunction(() => document.querySelectorAll("#log li").length >= 200);
  assert.deepEqual(await page.evaluate(shown), lines);

  const large = "a large value ".repeat(50_000);
  backend.publishLog([large]);
  await page.waitForFunction((text) => document.querySelector("#log li:last-child").textContent === text, {}, large);
  await page.evaluate(() => window.pushWire.send("room", { room: "lobby", name: "Ada", text: "here" }));
});
