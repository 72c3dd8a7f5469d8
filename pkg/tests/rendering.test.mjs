// Tests of the installed package on a server that renders pages: clients with a relative URL are idle.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { build } from "vite";

import { Installed } from "./installed.mjs";

const run = promisify(execFile);

let installed;
let whole;

before(async () => {
  installed = await Installed.create();
  await installed.write("whole.js", 'export * from "push-wire";');
  whole = await installed.import("whole.js");
});

after(() => installed?.remove());

/** Runs a module in a process of its own, which must end by itself without an error; returns what it prints. */
async function print(name, ...options) {
  const { stdout, stderr } = await run(process.execPath, [...options, installed.path(name)], { timeout: 30_000 });
  assert.equal(stderr, "");
  return stdout;
}

test("a client with a relative URL is idle", async () => {
  const client = whole.connect("/rps");
  const told = [];
  const { subscribe } = client.status;
  subscribe((status) => told.push(status));
  client.on("chat", () => assert.fail("an entry"), { topic: "lobby", persist: true }).close();
  client.document("page").subscribe(() => assert.fail("a value"));
  assert.equal(client.document("page").value, undefined);
  client.connect();
  client.interrupt(10);
  assert.equal(client.id, "");
  assert.equal(client.stats.value.messagesOut, 0);
  assert.deepEqual(told, [{ phase: "idle", transport: null, attempt: 0 }]);
  await assert.rejects(client.send("chat", "hello"), { code: "idle", message: /relative URL/ });
  client.close();
  assert.equal(client.status.value.phase, "closed");
  assert.throws(() => client.on("chat", () => {}), { code: "closed" });
});

test("arguments of an idle client are checked", async () => {
  assert.throws(() => whole.connect("/rps", { tokens: "x" }), { code: "bad_argument", argument: "tokens" });
  assert.throws(() => whole.connect("http://"), { code: "bad_url" });
  const client = whole.connect("/rps", { signal: AbortSignal.abort() });
  assert.equal(client.status.value.phase, "closed");
  assert.throws(() => whole.connect("//push.example/rps").on(7, () => {}), { code: "bad_argument", argument: "channel" });
});

test("an idle client keeps no process alive", async () => {
  await installed.write("alive.js", `
    import { connect } from "push-wire";
    const client = connect("/rps", { token: async () => "token" });
    client.on("chat", console.log);
    client.document("page").subscribe(console.log);
    client.onFault(console.log);
    client.send("chat", "hello");
    console.log(client.status.value.phase);
  `);
  assert.equal(await print("alive.js"), "idle\n");
});

test("an idle client keeps none of its listeners", async () => {
  await installed.write("kept.js", `
    import { connect } from "push-wire";
    const client = connect("/rps");
    const listeners = [];
    function listen() {
      const listener = () => {};
      listeners.push(new WeakRef(listener));
      return listener;
    }
    for (const number of [1, 2, 3]) {
      client.on("chat", listen());
      client.document("page", { topic: String(number) }).subscribe(listen());
      client.status.subscribe(listen());
      client.onFault(listen());
      client.onNotice(listen());
    }
    // A WeakRef is cleared at the earliest in a later task.
    await new Promise((resolve) => setImmediate(resolve));
    gc();
    console.log(listeners.filter((listener) => listener.deref()).length, client.status.value.phase);
  `);
  assert.equal(await print("kept.js", "--expose-gc"), "0 idle\n");
});

test("slim needs no module to be idle", async () => {
  await installed.write("slim.js", `
    import { connect, initWasm } from "push-wire/slim";
    await initWasm("/assets/push-wire.wasm");
    await initWasm(new URL(import.meta.resolve("push-wire/push-wire.wasm")));
    console.log(connect("/rps").status.value.phase);
    try {
      connect("http://127.0.0.1:9/rps");
    } catch ({ code, message }) {
      console.log(code, /could not be loaded.*bytes/.test(message));
    }
  `);
  assert.equal(await print("slim.js"), "idle\nnot_loaded true\n");
});

test("a Vite build for a server is idle", async () => {
  const root = installed.path("site");
  await mkdir(root);
  await installed.write("site/entry.js", `
    import * as slim from "push-wire/slim";
    import wasm from "push-wire/push-wire.wasm?url";
    import { connect } from "push-wire";

    const client = connect("/rps");
    await slim.initWasm(wasm);
    const other = slim.connect("/rps");
    export const render = () => \`\${client.status.value.phase} \${other.status.value.phase}\`;
  `);
  await build({ root, logLevel: "error", configFile: false, ssr: { noExternal: true }, build: { ssr: "entry.js" } });
  await installed.write("site/run.mjs", 'import { render } from "./dist/entry.js"; console.log(render());');
  assert.equal(await print("site/run.mjs"), "idle idle\n");
});
