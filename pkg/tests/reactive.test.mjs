// Test of the package behind proxies, as Vue's `reactive` makes them, in Node: in a process of its own, because a mistake spoils the
// module's memory.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { reactive } from "@vue/reactivity";
import { WebSocket } from "ws";

import { Fixture } from "./fixture.mjs";
import { Installed, until } from "./installed.mjs";

let installed;
let backend;

before(async () => {
  [installed, backend] = await Promise.all([Installed.create(), Fixture.start()]);
  await installed.write("entry.js", 'export * from "push-wire";');
});

after(async () => {
  await backend?.stop();
  await installed?.remove();
});

/** Collects garbage until this holds. */
async function collectUntil(holds) {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc");
  while (!holds()) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Wraps an object and all that is read from it. */
function proxied(object) {
  const get = (target, name) => {
    const value = Reflect.get(target, name);
    if (typeof value === "function" && (target instanceof Map || target instanceof Set)) return value.bind(target);
    return typeof value === "object" && value !== null ? proxied(value) : value;
  };
  return new Proxy(object, { get });
}

for (const [name, wrap] of Object.entries({ "Vue's proxies": reactive, "other proxies": proxied })) {
  test(`clients behind ${name} are freed once`, async () => {
    const { connect } = await installed.import("entry.js");
    const open = () => connect(`http://127.0.0.1:${backend.port}`, { WebSocket, storage: null });
    const other = open();
    let left = 20;
    const ends = new FinalizationRegistry(() => (left -= 1));
    const use = async () => {
      const { client } = wrap({ client: open() });
      ends.register(client.core.page);
      await client.send("lines", 1);
      client.close();
    };
    await Promise.all(Array.from({ length: left }, use));
    await collectUntil(() => left === 0);
    await Promise.all(Array.from({ length: 20 }, use));
    await other.send("lines", 1);
    other.close();
  });
}

test("subscriptions and documents work behind Vue's proxies", async () => {
  const { connect } = await installed.import("entry.js");
  const client = connect(`http://127.0.0.1:${backend.port}`, { WebSocket, storage: null });
  const state = reactive({ client, lines: client.on("log", () => {}), document: client.document("document"), messages: client.messages("log") });
  await until(state.client.status, ({ phase }) => phase === "connected");
  state.lines.close();
  assert.equal(state.lines.closed, true);
  await state.messages.return();
  state.document.close();
  backend.publishLog(["after the end of two listeners"]);
  const { value } = await state.client.once("log");
  assert.equal(value, "after the end of two listeners");
  state.client.close();
});
