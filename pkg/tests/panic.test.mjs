// Test of the package after a panic of its module, in Node: in a process of its own, because the module is of no use afterwards.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
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

test("a panic closes the clients, with its place", async (context) => {
  const errors = context.mock.method(console, "error", () => {});
  const { connect, PushError } = await installed.import("entry.js");
  const [client, other] = [1, 2].map(() => connect(`http://127.0.0.1:${backend.port}`, { WebSocket, storage: null }));
  const faults = [];
  for (const each of [client, other]) each.onFault((fault) => faults.push(fault));
  for (const each of [client, other]) await until(each.status, ({ phase }) => phase === "connected");
  const lines = client.messages("log", { from: "newest" });
  const next = lines.next();

  // An exception in the midst of a call of the module leaves its state unusable, which the next call finds.
  const { clearTimeout } = globalThis;
  globalThis.clearTimeout = () => {
    throw new Error("no timers");
  };
  assert.throws(() => client.interrupt(1), /no timers/);
  globalThis.clearTimeout = clearTimeout;
  const sent = client.send("lines", 1);
  const isInternal = (error) => error instanceof PushError && error.code === "internal";
  await assert.rejects(sent, isInternal);
  for (const { status } of [client, other]) {
    const { phase, reason } = status.value;
    assert.equal(phase, "closed");
    assert.match(reason, /timer\.rs:\d+/);
  }
  assert.deepEqual(faults.map(({ code }) => code), ["internal", "internal"]);
  assert.match(String(errors.mock.calls[0].arguments[0]), /timer\.rs:\d+/);
  assert.deepEqual(await next, { done: true, value: undefined });

  // The page goes on: what is left of the clients can be used up.
  assert.throws(() => client.on("log", () => {}), { code: "closed" });
  await assert.rejects(client.send("lines", 1), { code: "closed" });
  assert.equal(lines.subscription.closed, true);
  for (const each of [client, other]) each.close();
});
