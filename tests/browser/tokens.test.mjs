// Tests of the package's tokens in a page: their expiry, their renewal, and one that the application sets.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Fixture } from "../../pkg/tests/fixture.mjs";
import { Lab, load } from "./lab.mjs";

let backend;
let lab;
let page;

before(async () => {
  [backend, lab] = await Promise.all([Fixture.start({ tokens: true }), Lab.start("Chromium")]);
  page = await lab.open(`${backend.url}empty.html`);
  await load(page);
});

after(async () => {
  await lab?.stop();
  await backend?.stop();
});

for (const transport of ["websocket", "sse"]) {
  test(`a page renews its token over ${transport} before it expires`, async () => {
    const { asked, phases } = await page.evaluate(async (transport) => {
      let asked = 0;
      const phases = [];
      const { promise, resolve } = Promise.withResolvers();
      const token = () => {
        asked += 1;
        if (asked === 2) resolve();
        return "write 2000";
      };
      const client = window.push.connect("/rps", { token, transport, storage: null });
      client.status.subscribe(({ phase }) => phase !== phases.at(-1) && phases.push(phase));
      await promise;
      await client.send("lines", 1);
      client.close();
      return { asked, phases };
    }, transport);
    assert.ok(asked >= 2);
    assert.deepEqual(phases, ["connecting", "connected", "closed"]);
    assert.deepEqual(lab.heard(), []);
  });

  test(`a token that is set over ${transport} counts at once`, async () => {
    const { refused, phases } = await page.evaluate(async (transport) => {
      const phases = [];
      const client = window.push.connect("/rps", { token: "read 60000", transport, storage: null });
      client.status.subscribe(({ phase }) => phases.push(phase));
      const answer = () => client.send("lines", 1).then(() => "sent", ({ code }) => code);
      const refused = await answer();
      client.setToken("write 60000");
      // Messages that the server reads before the token are refused.
      while ((await answer()) === "not_permitted");
      client.close();
      return { refused, phases };
    }, transport);
    assert.equal(refused, "not_permitted");
    assert.deepEqual(phases, ["connecting", "connected", "closed"]);
    assert.deepEqual(lab.heard(), []);
  });
}

test("a page that has no valid token any more is closed, and connects with another one", async () => {
  const [codes, refusal] = await page.evaluate(async () => {
    const client = window.push.connect("/rps", { token: "write 300", storage: null });
    client.onFault(() => {});
    const codes = [];
    await window.phase(client, "connected");
    codes.push((await window.phase(client, "waiting", "closed")).code);
    client.setToken("nonsense");
    const { code, reason } = await window.phase(client, "closed");
    codes.push(code);
    client.setToken("write");
    client.connect();
    await client.send("lines", 1);
    client.close();
    return [codes, reason];
  });
  assert.deepEqual([codes[1], refusal !== ""], [4200, true]);
  assert.deepEqual(lab.heard(), []);
});
