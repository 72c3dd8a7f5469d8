// Tests of the package with large entries and many of them, in Chromium.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Fixture } from "../../pkg/tests/fixture.mjs";
import { holds, Lab, load } from "./lab.mjs";

const MIB = 1024 * 1024;

let backend;
let lab;
let page;

before(async () => {
  [backend, lab] = await Promise.all([Fixture.start(), Lab.start("Chromium")]);
  page = await lab.open(`${backend.url}empty.html`);
  // The memory of the module, which is otherwise out of reach.
  await page.evaluate(() => {
    const construct = (target, [module, imports]) => {
      const instance = Reflect.construct(target, [module, imports]);
      window.memory = instance.exports.memory;
      return instance;
    };
    WebAssembly.Instance = new Proxy(WebAssembly.Instance, { construct });
  });
  await load(page);
});

after(async () => {
  await lab?.stop();
  await backend?.stop();
});

test("an entry of 10 MB arrives whole", async () => {
  await page.evaluate(() => {
    window.client = window.push.connect("/rps", { storage: null });
    window.document_ = window.client.document("document");
  });
  const part = "0123456789 äöü ";
  const text = part.repeat((10 * MIB) / Buffer.byteLength(part));
  backend.publish("document", [text]);
  await holds(page, (length) => window.document_.value?.length === length, text.length);
  assert.equal(await page.evaluate((part) => window.document_.value === part.repeat(window.document_.value.length / part.length), part), true);
  await page.evaluate(() => window.client.close());
  assert.deepEqual(lab.heard(), []);
});

test("100,000 entries leave no memory behind", async () => {
  const devtools = await page.createCDPSession();
  await page.evaluate(() => {
    window.count = 0;
    window.client = window.push.connect("/rps", { storage: null });
    window.client.on("log", () => void (window.count += 1));
  });
  /** Publishes entries until the page has had this many, and measures the page's memory after a collection. */
  const until = async (count, published) => {
    for (let from = published; from < count; from += 5_000) {
      backend.publish("log", Array.from({ length: 5_000 }, (_, index) => ({ number: from + index, text: "a line of text" })));
      await holds(page, (least) => window.count >= least, from + 5_000);
    }
    await devtools.send("HeapProfiler.collectGarbage");
    const { usedSize } = await devtools.send("Runtime.getHeapUsage");
    return { heap: usedSize, module: await page.evaluate(() => window.memory.buffer.byteLength) };
  };
  const before = await until(20_000, 0);
  const after_ = await until(100_000, 20_000);
  assert.equal(await page.evaluate(() => window.count), 100_000);
  assert.ok(after_.heap - before.heap < MIB, `the heap grew from ${before.heap} to ${after_.heap} bytes`);
  assert.ok(after_.module - before.module <= MIB, `the module grew from ${before.module} to ${after_.module} bytes`);
  assert.deepEqual(lab.heard(), []);
});
