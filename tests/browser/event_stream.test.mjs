// Tests of the chat room of examples/chat by npm's `eventsource` and by curl, with the commands of the README.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import path from "node:path";
import readline from "node:readline";
import { afterEach, beforeEach, test } from "node:test";
import { promisify } from "node:util";
import { EventSource } from "eventsource";

import { Talker } from "./talker.mjs";
import { Program, root } from "./program.mjs";
import { Proxy } from "./proxy.mjs";

const TIMEOUT_MS = 60_000;
const curl = process.env.CURL ?? "curl";
const run = promisify(execFile);
let chat;
let proxy;
let talker;

beforeEach(async () => {
  chat = await Program.start("chat", (address) => [address], path.join(root, "examples/chat"));
  proxy = await Proxy.to(chat.port);
  talker = await Talker.join(chat.port);
});

afterEach(async () => {
  talker.leave();
  await proxy.close();
  await chat.stop();
});

const numbered = (from, to) => Array.from({ length: to - from }, (_, index) => `line ${from + index}`);

test("npm's eventsource shows every line once over five cuts", { timeout: TIMEOUT_MS }, async () => {
  const events = new EventSource(`${proxy.url}rps/sse?client_id=${randomUUID()}&channels=chat`);
  const lines = [];
  const heard = new EventTarget();
  events.onmessage = ({ data }) => {
    const { channel, payload } = JSON.parse(data);
    if (channel !== "chat") return;
    lines.push(payload.text);
    heard.dispatchEvent(new Event("line"));
  };
  const until = async (count) => {
    while (lines.length < count) await once(heard, "line");
  };
  try {
    for (let round = 0; round < 5; round += 1) {
      const from = round * 20;
      for (const line of numbered(from, from + 10)) await talker.say(line);
      await until(from + 10);
      for (const line of numbered(from + 10, from + 15)) await talker.say(line);
      proxy.cut();
      for (const line of numbered(from + 15, from + 20)) await talker.say(line);
      proxy.restore();
    }
    await until(100);
    assert.deepEqual(lines, numbered(0, 100));
  } finally {
    events.close();
  }
});

/** The README's commands with curl, for this server. */
async function commands() {
  const readme = await readFile(path.join(root, "README.md"), "utf8");
  const [, block] = readme.match(/```sh\n(curl -N [^]*?)```/);
  const [read, ...send] = block.replaceAll("http://127.0.0.1:4100", `http://127.0.0.1:${chat.port}`).replaceAll(/^curl/gm, `'${curl}'`).split("\n");
  return { read, send: send.join("\n") };
}

test("curl reads the event stream, and sends", { timeout: TIMEOUT_MS }, async () => {
  const { read, send } = await commands();
  const reading = spawn("sh", ["-c", `exec ${read}`], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const lines = readline.createInterface({ input: reading.stdout })[Symbol.asyncIterator]();
    const next = async () => {
      for (;;) {
        const { value, done } = await lines.next();
        if (done) throw new Error("curl has ended");
        if (value.startsWith("data: ")) return JSON.parse(value.slice("data: ".length));
      }
    };
    assert.equal((await next()).payload.op, "auth_ok");
    const { stdout } = await run("sh", ["-c", send]);
    assert.equal(stdout, "", "204 has no body");
    assert.deepEqual((await next()).payload, { name: "Ada", text: "hello" });
    await talker.say("hello yourself");
    assert.deepEqual((await next()).payload, { name: "Ben", text: "hello yourself" });
  } finally {
    reading.kill();
  }
});

test("curl is told what is wrong", { timeout: TIMEOUT_MS }, async () => {
  const url = `http://127.0.0.1:${chat.port}/rps`;
  const answer = async (...args) => {
    const { stdout } = await run(curl, ["--silent", "--write-out", " %{http_code}", ...args]);
    return stdout;
  };
  assert.match(await answer(`${url}/sse?client_id=7`), /^\{"op":"error",.*client_id.* 400$/);
  const json = ["--header", "content-type: application/json", "--data-binary"];
  assert.match(await answer(...json, "{", `${url}/send`), /^\{"op":"error",.* 400$/);
  const message = JSON.stringify({ client_id: randomUUID(), channel: "chat", payload: 1 });
  assert.match(await answer(...json, message, `${url}/send`), /open an event stream first.* 404$/);
  // curl waits for "100 Continue" before a body of this size.
  const large = path.join(root, "package-lock.json");
  const args = ["--header", "content-type: application/json", "--header", "expect: 100-continue"];
  assert.match(await answer(...args, "--data-binary", `@${large}`, `${url}/send`), /^\{"op":"error",.*missing field `client_id`.* 400$/);
});
