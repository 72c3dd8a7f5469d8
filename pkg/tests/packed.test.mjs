// Tests of the packed package: its files, and its types and entries as other tools see them.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

import { Installed } from "./installed.mjs";

const run = promisify(execFile);
const repository = fileURLToPath(new URL("../..", import.meta.url));

let installed;

before(async () => {
  installed = await Installed.create();
});

after(() => installed?.remove());

test("the licenses are in the package", async () => {
  for (const name of ["LICENSE-APACHE", "LICENSE-MIT"]) {
    const [packed, ours] = await Promise.all([
      readFile(installed.path(`node_modules/push-wire/${name}`), "utf8"),
      readFile(path.join(repository, name), "utf8"),
    ]);
    assert.equal(packed, ours);
  }
});

test("publint finds nothing", async () => {
  const { buffer } = Uint8Array.from(await readFile(installed.tarball));
  const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true });
  assert.deepEqual(messages.map((message) => formatMessage(message, pkg)), []);
});

test("the types are those of the code, however it is resolved", async () => {
  const { problems } = await checkPackage(createPackageFromTarballData(await readFile(installed.tarball)));
  assert.deepEqual(problems, []);
});

test("source maps name the package's sources, with their text", async () => {
  for (const name of ["index.js", "slim.js", "own.js"]) {
    const map = JSON.parse(await readFile(installed.path(`node_modules/push-wire/dist/${name}.map`), "utf8"));
    const missing = map.sources.filter((source, at) => map.sourcesContent[at] === null);
    // The text of the module is not shown.
    assert.deepEqual(missing, name === "index.js" ? ["../engine/engine.text"] : []);
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

test("types compile in CommonJS, beside those of ES modules", async () => {
  await installed.write("required.cts", REQUIRED);
  await compile("required.cts", "ES2022");
  await compile("required.cts", "ES2022", ["--module", "node16"]);
});

const REQUIRED = `
import pushWire = require("push-wire");
import { connect, PushError, type Status } from "push-wire";
import slim = require("push-wire/slim");
import type { Client } from "push-wire" with { "resolution-mode": "import" };
const client: Client<{ chat: string }> = connect<{ chat: string }>("https://host.example/rps");
client.status.subscribe((status: Status) => status.phase satisfies string);
const other: typeof client = pushWire.connect<{ chat: string }>("https://host.example/rps");
function codeOf(error: unknown) { if (error instanceof PushError) { const known: PushError = error; return known.code; } return undefined; }
slim.initWasm(new ArrayBuffer(0)).then(() => [other, codeOf]);
`;

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

function compile(file, lib, more = []) {
  const tsc = path.join(repository, "node_modules/typescript/bin/tsc");
  const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--types", "", "--lib", lib, ...more];
  return run(process.execPath, [tsc, ...options, file], { cwd: installed.folder });
}
