// Test of a channel that gets a newer dictionary while a page of another origin reads it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { launch } from "../../tests/browser/browser.mjs";
import { Fixture } from "./fixture.mjs";

test("a connected page changes to a newer dictionary", async () => {
  // A newer dictionary is named with a heartbeat.
  const starting = [launch(), Fixture.start(), Fixture.start({ heartbeatMs: 100 })];
  const [browser, pages, backend] = await Promise.all(starting);
  try {
    const page = await browser.newPage();
    await page.goto(`${pages.url}empty.html`);
    await page.evaluate(async (url) => {
      const { connect } = await import("/dist/index.js");
      const client = connect(url);
      const phases = [];
      const read = [];
      client.status.subscribe(({ phase }) => phases.push(phase));
      client.on("lines", ({ value }) => read.push(value));
      Object.assign(globalThis, { client, phases, read });
    }, backend.url);

    const holds = (source) => page.waitForFunction(source, { polling: 20 });
    let read = 0;
    /** Publishes lines of one kind and waits for them. Returns the bytes received and the compressed entries. */
    const publish = async (kind, count) => {
      const before = await page.evaluate(() => globalThis.client.stats.value);
      const numbers = Array.from({ length: count }, (_, n) => read + n);
      backend.publish("lines", numbers.map((n) => `${kind} number ${n} of ${kind}, as ${kind} always are, and nothing else`));
      read += count;
      await holds(`read.length === ${read}`);
      const after = await page.evaluate(() => globalThis.client.stats.value);
      return { bytes: after.bytesIn - before.bytesIn, compressed: after.compressed - before.compressed };
    };
    const rotate = async (dictionaries) => {
      backend.train();
      await holds(`client.stats.value.dictionaries === ${dictionaries}`);
      // After the answer to this message the server knows that the page has the dictionary.
      await page.evaluate(() => globalThis.client.send("lines", "ready"));
    };

    await holds(`client.status.value.phase === "connected"`);
    await publish("sparrows", 300);
    await rotate(1);
    const sparrows = await publish("sparrows", 50);
    assert.equal(sparrows.compressed, 50);
    // So many that the bytes of heartbeats make no difference.
    const older = await publish("kingfishers", 500);
    await rotate(2);
    const newer = await publish("kingfishers", 500);
    assert.equal(newer.compressed, 500);
    assert.ok(newer.bytes < older.bytes, "entries are smaller with the newer dictionary");

    const { phases, lines, failed } = await page.evaluate(() => ({
      phases: globalThis.phases,
      lines: globalThis.read,
      failed: globalThis.client.stats.value.dictionariesFailed,
    }));
    assert.deepEqual(lines.map((line) => Number(line.match(/number (\d+)/)[1])), [...lines.keys()]);
    assert.equal(phases.filter((phase) => phase === "connected").length, 1, `reconnected: ${phases}`);
    assert.equal(failed, 0);
  } finally {
    await browser.close();
    await Promise.all([pages.stop(), backend.stop()]);
  }
});
