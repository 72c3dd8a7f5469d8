// Tests of `channels.ts`, which a backend writes from its enum: wrong channels, directions and payloads do not compile.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { Installed } from "./installed.mjs";

const repository = fileURLToPath(new URL("../..", import.meta.url));

let installed;

before(async () => {
  installed = await Installed.create();
  await copyFile(path.join(repository, "tests/derive/tests/channels.ts"), installed.path("channels.ts"));
});

after(() => installed?.remove());

/** The lines of a module that do not compile, and the compiler's output. */
async function errors(name, text) {
  await installed.write(name, text);
  const tsc = path.join(repository, "node_modules/typescript/bin/tsc");
  const options = ["--noEmit", "--strict", "--skipLibCheck", "false", "--module", "nodenext", "--target", "es2022", "--types", "", "--lib", "es2022,dom"];
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, ...options, name], { cwd: installed.folder }).catch((error) => error);
  const lines = new Set([...stdout.matchAll(/^.*\.ts\((\d+),/gm)].map(([, line]) => Number(line)));
  return { lines: [...lines], stdout };
}

async function check(name, text) {
  const { lines, stdout } = await errors(name, text);
  assert.deepEqual(lines, text.split("\n").flatMap((line, at) => (line.endsWith("// wrong") ? [at + 1] : [])), stdout);
}

test("the directions of a channel have their own types", () => check("directions.ts", `
import { connect } from "push-wire";
import type { Channels, Message } from "./channels.js";
const client = connect<Channels>("/rps");
client.on("chat", ({ value }) => value satisfies Message);
client.on("chat", ({ value }) => value.author?.name.length satisfies number | undefined, { topic: "lobby" });
client.on("chat", ({ value }) => value.at satisfies string); // wrong
client.on("chat", ({ value }) => value.txt); // wrong
client.on("chatt", () => {}); // wrong
client.on("control", () => {}); // wrong
client.on("report", () => {}); // wrong
client.send("chat", { text: "hello" });
client.send("chat", { text: "hello" }, { topic: "lobby" });
client.send("chat", new Uint8Array(1));
client.send("chat", { text: 5 }); // wrong
client.send("chat", { text: "hello", at: 5 }); // wrong
client.send("cpu-load", [1]); // wrong
client.send("report", { name: "Ada" });
client.document("cpu-load").subscribe((loads) => loads.map((load) => load.toFixed()));
client.document("report"); // wrong
async function read() {
  for await (const { value } of client.messages("cpu-load")) value[0]!.toFixed();
  (await client.once("chat")).value.text satisfies string;
  (await client.once("report")).value; // wrong
}
client.on("other", ({ value }) => value satisfies unknown);
client.on("other", ({ value }) => value.text); // wrong
client.send("other", { anything: 1 });
read();
`));

test("without declared channels everything is any", () => check("any.ts", `
import { connect, type Client } from "push-wire";
const client = connect("/rps");
client.on("anything", ({ value }) => value.at.all satisfies string);
client.send("anything", { at: "all" });
client.document("anything").value satisfies number | undefined;
client.on(5, () => {}); // wrong
const same: Client = client;
same.close();
`));

test("one type serves both directions, and generic code keeps the types", () => check("plain.ts", `
import { connect, type Client, type Channel, type Entry, type ReadName, type ReadOf } from "push-wire";
interface Channels { chat: { text: string }; both: string | number; page: Channel<string>; loose: any }
const client = connect<Channels>("/rps");
client.send("both", 5);
client.send("both", true); // wrong
client.send("page", "text"); // wrong
client.send("loose", { anything: 1 });
client.on("loose", ({ value }) => value.anything.at.all);
client.on("chat", (entry: Entry<{ text: string }>) => entry.value.text);
function latest<C extends object, K extends ReadName<C>>(client: Client<C>, channel: K): ReadOf<C[K]> | undefined {
  return client.document(channel).value;
}
latest(client, "page") satisfies string | undefined;
latest(client, "chat")?.text satisfies string | undefined;
latest(client, "chatt"); // wrong
`));
