// Tests of the installed package in bundles, in Chromium, and under TypeScript.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import * as esbuild from "esbuild";
import { build, preview } from "vite";
import { WebSocket } from "ws";

import { launch } from "../../tests/browser/browser.mjs";
import { Fixture } from "./fixture.mjs";
import { Installed, until } from "./installed.mjs";

const run = promisify(execFile);
const repository = fileURLToPath(new URL("../..", import.meta.url));

/** A page that shows the log's last line twice: once with each entry point of the package. */
const PAGE = `<!doctype html><title>page</title><p id="whole"></p><p id="slim"></p><script type="module" src="/main.js"></script>`;
const MAIN = `
import * as whole from "push-wire";
import * as slim from "push-wire/slim";
import wasm from "push-wire/push-wire.wasm?url";

const url = new URLSearchParams(location.search).get("server");
function show(id, { connect }) {
  const element = document.getElementById(id);
  connect(url, { storage: null }).on("log", ({ value }) => (element.textContent = value));
}
show("whole", whole);
await slim.initWasm(wasm);
show("slim", slim);
`;

let installed;
let backend;
let server;

before(async () => {
  [installed, backend] = await Promise.all([Installed.create(), Fixture.start()]);
  server = `http://127.0.0.1:${backend.port}`;
});

after(async () => {
  await backend?.stop();
  await installed?.remove();
});

test("an esbuild bundle runs in Node without other files", async () => {
  await installed.write("app.js", 'export { connect } from "push-wire";');
  const outfile = installed.path("bundle.js");
  const options = { entryPoints: [installed.path("app.js")], bundle: true, format: "esm", outfile };
  const { warnings } = await esbuild.build(options);
  assert.deepEqual(warnings, []);
  const { connect } = await installed.import("bundle.js");
  const client = connect(server, { WebSocket });
  await until(client.status, ({ phase }) => phase === "connected");
  client.close();
});

test("slim runs only after initWasm", async () => {
  await installed.write("slim.js", 'export * from "push-wire/slim";');
  await installed.write("wasm.js", 'export const url = import.meta.resolve("push-wire/push-wire.wasm");');
  const { connect, initWasm } = await installed.import("slim.js");
  assert.throws(() => connect(server, { WebSocket }), { code: "not_loaded", message: /initWasm/ });
  const { url } = await installed.import("wasm.js");
  const { readFile } = await import("node:fs/promises");
  await initWasm(await readFile(new URL(url)));
  const client = connect(server, { WebSocket });
  await until(client.status, ({ phase }) => phase === "connected");
  client.close();
});

test("a Vite build of both entries runs in Chromium", async () => {
  await mkdir(installed.path("site"));
  await installed.write("site/index.html", PAGE);
  await installed.write("site/main.js", MAIN);
  const root = installed.path("site");
  await build({ root, logLevel: "error", configFile: false, build: { target: "esnext" } });
  const assets = await readdir(path.join(root, "dist/assets"));
  assert.equal(assets.filter((name) => name.endsWith(".wasm")).length, 1, "one module, for the slim entry");

  const site = await preview({ root, logLevel: "error", configFile: false, preview: { host: "127.0.0.1", port: 0 } });
  const browser = await launch();
  try {
    const page = await browser.newPage();
    const errors = [];
    page.on("pageerror", (error) => errors.push(error));
    await page.goto(`${site.resolvedUrls.local[0]}?server=${encodeURIComponent(server)}`);
    backend.publishLog(["seen by both"]);
    const seen = (id) => document.getElementById(id).textContent === "seen by both";
    await Promise.all([page.waitForFunction(seen, {}, "whole"), page.waitForFunction(seen, {}, "slim")]);
    assert.deepEqual(errors, []);
  } finally {
    await browser.close();
    await site.close();
  }
});

test("the licenses are in the package", async () => {
  for (const name of ["LICENSE-APACHE", "LICENSE-MIT"]) {
    const [packed, ours] = await Promise.all([
      readFile(installed.path(`node_modules/push-wire/${name}`), "utf8"),
      readFile(path.join(repository, name), "utf8"),
    ]);
    assert.equal(packed, ours);
  }
});

test("types compile strictly, with and without the DOM's", async () => {
  await installed.write("typed.ts", TYPED);
  for (const lib of ["ES2022", "ES2022,DOM"]) {
    await compile("typed.ts", lib);
  }
  await installed.write("wrong.ts", WRONG);
  const { stdout } = await compile("wrong.ts", "ES2022").then(
    () => assert.fail("a misspelt channel and a wrong payload were compiled"),
    (error) => error,
  );
  assert.equal(stdout.match(/error TS/g).length, 2, stdout);
});

const CHANNELS = `
import { connect, PushError, type Entry, type Status } from "push-wire";
import { connect as slimConnect, initWasm } from "push-wire/slim";
interface Channels { chat: { text: string }; page: string }
const client = connect<Channels>("https://host.example/rps");
`;

const TYPED = `${CHANNELS}
client.on("chat", (entry: Entry<{ text: string }>) => { const text: string = entry.value.text; const at: bigint = entry.cursor; });
client.document("page").bind({ textContent: null as string | null });
client.status.subscribe((status: Status) => status.phase satisfies string);
async function read() {
  for await (const { value } of client.messages("chat", { topic: "room-1" })) value.text satisfies string;
  try { await client.send("chat", { text: "hello" }, { topic: "room-1" }); } catch (error) { if (error instanceof PushError) error.code satisfies string; }
  await initWasm(new ArrayBuffer(0));
  slimConnect("https://host.example").close();
}
`;

const WRONG = `${CHANNELS}
client.on("chatt", () => {});
client.send("chat", { txt: "hello" });
`;

function compile(file, lib) {
  const tsc = path.join(repository, "node_modules/typescript/bin/tsc");
  const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--types", "", "--lib", lib];
  return run(process.execPath, [tsc, ...options, file], { cwd: installed.folder });
}
