// Tests of loading the WebAssembly module in Node: bundled, from bytes, and where it cannot be loaded.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import * as esbuild from "esbuild";
import { WebSocket } from "ws";

import { Fixture } from "./fixture.mjs";
import { Installed, until } from "./installed.mjs";
import { serveFolder } from "./matrix/site.mjs";

let installed;
let backend;
let server;

before(async () => {
  [installed, backend] = await Promise.all([Installed.create(), Fixture.start()]);
  server = `http://127.0.0.1:${backend.port}`;
});

after(async () => {
  delete globalThis.location;
  await backend?.stop();
  await installed?.remove();
});

async function connects(connect) {
  const client = connect(server, { WebSocket });
  await until(client.status, ({ phase }) => phase === "connected");
  client.close();
}

test("an esbuild bundle runs in Node without other files", async () => {
  await installed.write("app.js", 'export { connect } from "push-wire";');
  const outfile = installed.path("bundle.js");
  const options = { entryPoints: [installed.path("app.js")], bundle: true, format: "esm", outfile };
  const { warnings } = await esbuild.build(options);
  assert.deepEqual(warnings, []);
  const { connect } = await installed.import("bundle.js");
  await connects(connect);
});

test("a bundle of imports and requires has one copy of the package", async () => {
  await installed.write("imports.mjs", 'export { PushError } from "push-wire";');
  await installed.write("both.cjs", 'exports.same = require("push-wire").PushError === require("./imports.mjs").PushError;');
  const outfile = installed.path("both.bundle.cjs");
  await esbuild.build({ entryPoints: [installed.path("both.cjs")], bundle: true, format: "cjs", outfile });
  const { default: both } = await installed.import("both.bundle.cjs");
  assert.equal(both.same, true);
});

test("slim runs after initWasm, which tells where the module could not be loaded", async () => {
  await installed.write("slim.js", 'export * from "push-wire/slim";');
  await installed.write("wasm.js", 'export const url = import.meta.resolve("push-wire/push-wire.wasm");');
  const { connect, initWasm, PushError } = await installed.import("slim.js");
  assert.throws(() => connect(server, { WebSocket }), { code: "not_loaded", message: /initWasm/ });

  await assert.rejects(initWasm(new Uint8Array(8)), (error) => error instanceof PushError && error.code === "not_loaded" && error.cause instanceof WebAssembly.CompileError);
  const { url } = await installed.import("wasm.js");
  await initWasm(url);
  // Without a page it is the error of `connect`.
  assert.throws(() => connect(server, { WebSocket }), { code: "not_loaded", message: /Node.js fetches no file: URL/ });

  const site = await serveFolder(installed.folder);
  globalThis.location = { href: site.url };
  const missing = `${site.url}assets/push-wire.wasm`;
  try {
    await assert.rejects(initWasm(missing), (error) => error.code === "not_loaded" && error.message.includes(missing) && /404.*application\/wasm/.test(error.message));
  } finally {
    delete globalThis.location;
    site.close();
  }

  await initWasm(await readFile(new URL(url)));
  await connects(connect);
});

test("a module of one's own has to be of the package's version", async () => {
  await installed.write("own.js", 'export * from "push-wire/own";');
  const { ownPackage, PushError } = await installed.import("own.js");
  const exported = Object.assign(() => {}, { open() {}, checkAsset() {}, version: () => "0.0.1" });
  const { connect, initWasm } = ownPackage(exported, async () => {});
  assert.throws(() => connect(server, { WebSocket }), { code: "not_loaded", message: /initWasm/ });
  const isTold = (error) => error instanceof PushError && error.code === "not_loaded" && /version 0\.0\.1, and the npm package push-wire 0\.1\.0/.test(error.message);
  await assert.rejects(initWasm(new Uint8Array()), isTold);
  assert.throws(() => connect(server, { WebSocket }), { code: "not_loaded" });
  assert.throws(() => ownPackage(undefined, async () => {}), { code: "bad_argument", argument: "exported" });
  assert.throws(() => ownPackage(exported), { code: "bad_argument", argument: "init" });
});

test("a client without random numbers for its id reports it", async () => {
  await installed.write("index.js", 'export * from "push-wire";');
  const { connect } = await installed.import("index.js");
  const { crypto } = globalThis;
  Object.defineProperty(globalThis, "crypto", { value: undefined, configurable: true });
  try {
    assert.throws(() => connect(server, { WebSocket }), { name: "PushError", code: "no_crypto", message: /crypto\.getRandomValues/ });
  } finally {
    Object.defineProperty(globalThis, "crypto", { value: crypto, configurable: true });
  }
  await connects(connect);
});
