// Tests in Chromium of addresses that are relative to pages and workers without a path of their own.
import assert from "node:assert/strict";
import { after, before, beforeEach, afterEach, test } from "node:test";

import { launch } from "../../tests/browser/browser.mjs";
import { Fixture } from "./fixture.mjs";

let browser;
let backend;
let page;

before(async () => {
  [browser, backend] = await Promise.all([launch(), Fixture.start()]);
});

beforeEach(async () => {
  page = await browser.newPage();
  await page.goto(`${backend.url}empty.html`);
});

afterEach(() => page?.close());

after(async () => {
  await browser?.close();
  await backend?.stop();
});

/** A script that connects to `url` and passes the first status of this phase to `tell`. */
const connecting = (url, phase, tell) => `
import { connect } from "${backend.url}dist/index.js";
const client = connect("${url}", { storage: null, transport: "websocket", retry: { initial: 3600000, jitter: false } });
client.status.subscribe((status) => status.phase === "${phase}" && ${tell}(status));
`;

test("a frame without an address connects as its page", async () => {
  const phase = await page.evaluate((script) => {
    const frame = document.createElement("iframe");
    frame.srcdoc = `<script type="module">${script}</script>`;
    document.body.append(frame);
    return new Promise((resolve) => addEventListener("message", ({ data }) => resolve(data.phase)));
  }, connecting("/rps", "connected", "parent.postMessage"));
  assert.equal(phase, "connected");
});

test("a worker made of a blob connects to its origin", async () => {
  const phase = await page.evaluate((script) => {
    const worker = new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })), { type: "module" });
    return new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data.phase);
      worker.onerror = ({ message }) => reject(new Error(message));
    });
  }, connecting("/rps", "connected", "postMessage"));
  assert.equal(phase, "connected");
});

test("relative addresses follow the base of the document", async () => {
  const reason = await page.evaluate((script) => {
    const base = document.createElement("base");
    base.href = "/deep/page";
    document.head.append(base);
    const element = document.createElement("script");
    element.type = "module";
    element.textContent = script;
    return new Promise((resolve) => {
      globalThis.tell = ({ reason }) => resolve(reason);
      document.head.append(element);
    });
  }, connecting("rps", "waiting", "tell"));
  assert.match(reason, /\/deep\/rps/);
});
