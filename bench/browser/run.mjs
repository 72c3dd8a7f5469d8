// Benchmark of decompression and deltas in Chromium, against other libraries. Run by `cargo xtask bench-browser`.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";
import puppeteer from "puppeteer-core";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };

const server = createServer(async (request, response) => {
  const path = request.url === "/" ? "/index.html" : request.url;
  try {
    const file = await readFile(new URL(`.${path}`, import.meta.url));
    response.setHeader("content-type", TYPES[extname(path)] ?? "application/octet-stream");
    response.end(file);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));

const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"],
});
try {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.waitForFunction("globalThis.measure");
  const { frames, pages } = await page.evaluate(() => globalThis.measure());
  console.log(`${await browser.version()}\n`);
  console.log("| a message of about 250 bytes | bytes | µs | bytes / ours | µs / ours |\n|---|---|---|---|---|");
  for (const { name, bytes, micros } of frames) {
    const ratios = [bytes / frames[0].bytes, micros / frames[0].micros].map((ratio) => ratio.toFixed(2));
    console.log(`| ${name} | ${bytes.toFixed(1)} | ${micros.toFixed(2)} | ${ratios.join(" | ")} |`);
  }
  console.log(`\n| an HTML page of ${pages.bytes} bytes, in wasm | µs | µs / ours |\n|---|---|---|`);
  for (const { name, micros } of pages.of) {
    console.log(`| ${name} | ${micros.toFixed(2)} | ${(micros / pages.of[0].micros).toFixed(2)} |`);
  }
} finally {
  await browser.close();
  server.close();
}
