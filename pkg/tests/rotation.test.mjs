// A channel that gets another dictionary while a page reads it, from a server of another origin.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import path from "node:path";
import readline from "node:readline";
import { test } from "node:test";

import { target } from "../../tests/browser/program.mjs";
import { launch } from "../../tests/browser/browser.mjs";

/** Serves the package to a page. */
async function pageServer() {
  const dist = new URL("../dist/", import.meta.url);
  const server = createServer(async ({ url }, response) => {
    if (url === "/") return response.setHeader("content-type", "text/html").end("<!doctype html><title>page</title>");
    response.setHeader("content-type", "text/javascript");
    response.end(await readFile(new URL(`.${url}`, dist)).catch(() => ""));
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return server;
}

test("a page moves over to a newer dictionary while it stays connected", async () => {
  const rotation = spawn(path.join(target, "debug/examples/rotation"), { stdio: ["pipe", "pipe", "inherit"] });
  const [port] = await once(readline.createInterface({ input: rotation.stdout }), "line");
  const [browser, server] = await Promise.all([launch(), pageServer()]);
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    await page.evaluate(async (url) => {
      const { connect } = await import("/index.js");
      const client = connect(url);
      const phases = [];
      const read = [];
      client.status.subscribe(({ phase }) => phases.push(phase));
      client.on("lines", ({ value }) => read.push(value));
      Object.assign(globalThis, { client, phases, read });
    }, `http://127.0.0.1:${port}/rps`);

    const holds = (source) => page.waitForFunction(source, { polling: 20 });
    let read = 0;
    /** Publishes lines of one kind; how many bytes carried them once all have come. */
    const publish = async (kind, count) => {
      const before = await page.evaluate(() => globalThis.client.stats);
      for (let n = 0; n < count; n++) {
        rotation.stdin.write(`${kind} number ${read + n} of ${kind}, as ${kind} always are, and nothing else\n`);
      }
      read += count;
      await holds(`read.length === ${read}`);
      const after = await page.evaluate(() => globalThis.client.stats);
      return { bytes: after.bytesIn - before.bytesIn, compressed: after.compressed - before.compressed };
    };
    const rotate = async (dictionaries) => {
      rotation.stdin.write("\n");
      await holds(`client.stats.dictionaries === ${dictionaries}`);
      // The server has heard that the page holds it once it answers what was said later.
      await page.evaluate(() => globalThis.client.send("lines", "ready"));
    };

    await holds(`client.status.value.phase === "connected"`);
    await publish("sparrows", 300);
    await rotate(1);
    const sparrows = await publish("sparrows", 50);
    assert.equal(sparrows.compressed, 50);
    const strangers = await publish("kingfishers", 300);
    await rotate(2);
    const kingfishers = await publish("kingfishers", 50);
    assert.equal(kingfishers.compressed, 50);
    assert.ok(kingfishers.bytes / 50 < strangers.bytes / 300, "the newer dictionary knows them");

    const { phases, lines, failed } = await page.evaluate(() => ({
      phases: globalThis.phases,
      lines: globalThis.read,
      failed: globalThis.client.stats.dictionariesFailed,
    }));
    assert.deepEqual(lines.map((line) => Number(line.match(/number (\d+)/)[1])), [...lines.keys()]);
    assert.equal(phases.filter((phase) => phase === "connected").length, 1, `never away: ${phases}`);
    assert.equal(failed, 0);
  } finally {
    await browser.close();
    server.close();
    rotation.stdin.end();
  }
});
