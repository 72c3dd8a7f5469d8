// Benchmark of browser clients in Chromium: entries a second from the socket to the handler, and the time of a page that
// follows a document. Run by `cargo xtask bench-clients`.
//
// The push-wire client reads from the real server (`src/bin/page_server.rs`). The other clients read the same entries from a
// server here, which has prepared the bytes, so that it costs nothing while they read: 16 KiB of lines in a message for a bare
// WebSocket and centrifuge, whose protocol allows it, and a message for each entry for Socket.IO, whose protocol does not.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { build } from "esbuild";
import puppeteer from "puppeteer-core";

import { prepared } from "./peers.mjs";

const ENTRIES = 100_000;
const ROUNDS = 7;
const SUBJECTS = ["bare WebSocket", "push-wire", "push-wire, compressed", "centrifuge 5", "socket.io-client 4"];
/** Time for which a page follows the document, in seconds. */
const FOLLOWED = 10;

const [server] = process.argv.slice(2);
const pushWire = spawn(server, [String(ENTRIES)], { stdio: ["pipe", "pipe", "inherit"] });
const port = Number(String(await once(pushWire.stdout, "data").then(([data]) => data)).trim());

const bundle = await build({
  entryPoints: [new URL("clients-page.mjs", import.meta.url).pathname],
  bundle: true,
  minify: true,
  format: "iife",
  write: false,
  alias: { "push-wire": new URL("../../pkg/dist/index.js", import.meta.url).pathname },
});
const script = bundle.outputFiles[0].text;
const pages = createServer((request, response) => {
  const isScript = request.url === "/page.js";
  response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
  response.end(isScript ? script : '<!doctype html><meta charset="utf-8"><title>clients</title><main></main><script src="/page.js"></script>');
});
const close = prepared(pages, ENTRIES);
pages.listen(0, "127.0.0.1");
await once(pages, "listening");

const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"],
});

/** A new page, for each measurement, and its counters. Durations are CPU times of the page's thread, which other work does not change. */
async function open(measure) {
  const page = await browser.newPage();
  try {
    await page.goto(`http://127.0.0.1:${pages.address().port}/`);
    const session = await page.createCDPSession();
    await session.send("Performance.enable", { timeDomain: "threadTicks" });
    const counters = async () => {
      const { metrics } = await session.send("Performance.getMetrics");
      return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
    };
    return await measure(page, counters);
  } finally {
    await page.close();
  }
}

/**
 * Entries a second of one subject, when it has read them once already, so that its code is compiled: by the clock, and by the
 * CPU time of the page's thread.
 */
function throughput(subject) {
  return open(async (page, counters) => {
    await page.evaluate((...given) => window.read(...given), subject, port, ENTRIES);
    const before = await counters();
    const { millis, messages } = await page.evaluate((...given) => window.read(...given), subject, port, ENTRIES);
    const after = await counters();
    const busy = after.TaskDuration - before.TaskDuration;
    return { clock: (ENTRIES * 1000) / millis, busy: ENTRIES / busy, messages };
  });
}

/** Share of a core that the page's thread needs to follow the document. */
function following(shows) {
  return open(async (page, counters) => {
    await page.evaluate((...given) => window.follow(...given), port, shows);
    const before = await counters();
    const first = await page.evaluate(() => window.versions);
    await page.evaluate((seconds) => new Promise((after) => setTimeout(after, seconds * 1000)), FOLLOWED);
    const after = await counters();
    const last = await page.evaluate(() => window.versions);
    const seconds = FOLLOWED;
    return {
      versions: (last - first) / seconds,
      share: (after.TaskDuration - before.TaskDuration) / seconds,
      script: (after.ScriptDuration - before.ScriptDuration) / seconds,
    };
  });
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

try {
  console.log(`${await browser.version()}, ${ENTRIES} entries of 200 bytes, medians of ${ROUNDS} rounds\n`);
  const runs = new Map(SUBJECTS.map((subject) => [subject, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const subject of SUBJECTS) runs.get(subject).push(await throughput(subject));
  }
  const figure = (subject, name) => median(runs.get(subject).map((run) => run[name]));
  console.log("| client | messages | entries/s | of the bare one's | entries/s of CPU time | of the bare one's |\n|---|---|---|---|---|---|");
  for (const subject of SUBJECTS) {
    const cells = ["clock", "busy"].flatMap((name) => {
      const ratio = median(runs.get(subject).map((run, round) => run[name] / runs.get(SUBJECTS[0])[round][name]));
      return [Math.round(figure(subject, name)).toLocaleString("en"), ratio.toFixed(2)];
    });
    console.log(`| ${[subject, figure(subject, "messages"), ...cells].join(" | ")} |`);
  }
  console.log("\n| a document of 18 KB at 60 versions a second | versions/s | share of a core | in scripts |\n|---|---|---|---|");
  for (const shows of [false, true]) {
    const { versions, share, script } = await following(shows);
    const cells = [versions.toFixed(1), `${(share * 100).toFixed(1)} %`, `${(script * 100).toFixed(1)} %`];
    console.log(`| ${shows ? "shown (`bind`)" : "read (`subscribe`)"} | ${cells.join(" | ")} |`);
  }
} finally {
  await browser.close();
  close();
  pages.close();
  pushWire.stdin.end();
}
