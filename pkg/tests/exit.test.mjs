// Test of the package in Node: a client that is closed keeps no process alive.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";

import { Proxy } from "../../tests/browser/proxy.mjs";
import { Fixture } from "./fixture.mjs";
import { Installed } from "./installed.mjs";
import { currentNode } from "./matrix/runtimes.mjs";

/** Longest wait for a process to end, in milliseconds: the package `ws` waits for the answer to a close for 30 s. */
const LIMIT_MS = 15_000;

/** Connects by the first argument's address, reports it, and closes when the line is dead. */
const SCRIPT = `
  import { connect } from "push-wire";
  const WebSocket = process.argv[4] && (await import(process.argv[4])).WebSocket;
  const client = connect(process.argv[2], { transport: process.argv[3], ...(WebSocket ? { WebSocket } : {}) });
  client.on("log", () => {});
  client.status.subscribe(({ phase }) => phase === "connected" && console.log(phase));
  process.stdin.once("data", () => {
    process.stdin.destroy();
    client.send("lines", 1);
    client.close();
  });
`;

let installed;
let backend;

before(async () => {
  [installed, backend] = await Promise.all([Installed.create(), Fixture.start()]);
  await installed.write("exit.mjs", SCRIPT);
});

after(async () => {
  await backend?.stop();
  await installed?.remove();
});

const ROWS = [
  { name: "the package ws", program: process.execPath, transport: "websocket", module: import.meta.resolve("ws") },
  { name: "Node's own WebSocket", program: currentNode, transport: "websocket" },
  { name: "an event stream", program: process.execPath, transport: "sse" },
];

for (const { name, program, transport, module = "" } of ROWS) {
  test(`a process ends after a close over a dead connection by ${name}`, { timeout: LIMIT_MS, skip: program === null }, async (context) => {
    const proxy = await Proxy.to(backend.port);
    const child = spawn(program, [installed.path("exit.mjs"), proxy.url, transport, module], { stdio: ["pipe", "pipe", "inherit"] });
    context.after(async () => {
      child.kill("SIGKILL");
      await proxy.close();
    });
    await once(child.stdout, "data");
    proxy.hold();
    const ended = once(child, "exit");
    child.stdin.write("close\n");
    const [code] = await ended;
    assert.equal(code, 0);
  });
}
