// Tests of the package, of EventSource and of POSTs in Chromium, in pages of other origins than the server's.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch } from "../../tests/browser/browser.mjs";
import { Fixture } from "./fixture.mjs";

let browser;
let pages;
let backend;
/** Address of the backend, under a host of its own. */
let url;

before(async () => {
  [browser, pages] = await Promise.all([launch(["--host-resolver-rules=MAP *.example 127.0.0.1"]), Fixture.start()]);
  backend = await Fixture.start({ allow: `http://listed.example:${pages.port}` });
  url = `http://backend.example:${backend.port}/`;
});

after(async () => {
  await browser?.close();
  await Promise.all([pages?.stop(), backend?.stop()]);
});

/** Opens a page without a client under this host. */
async function open(host) {
  const page = await browser.newPage();
  await page.goto(`http://${host}:${pages.port}/empty.html`);
  return page;
}

/** Connects the page to the backend. Resolves with the first phase of its status that is one of these. */
function connect(page, phases) {
  return page.evaluate(
    async (url, phases) => {
      const { connect } = await import("/dist/index.js");
      const client = connect(url);
      return new Promise((resolve) => client.status.subscribe(({ phase }) => phases.includes(phase) && resolve(phase)));
    },
    url,
    phases,
  );
}

/** Opens an EventSource in the page, then POSTs a ping. Returns the stream's first op, and status and text of the answer. */
function stream(page) {
  return page.evaluate(async (url) => {
    const id = "a5e6e2a4-3f0c-4d0b-9d5e-1f6f3f3a7c11";
    const events = new EventSource(`${url}rps/sse?client_id=${id}&channels=log&token=ada`, { withCredentials: true });
    const op = await new Promise((resolve) => {
      events.onmessage = ({ data }) => resolve(JSON.parse(data).payload.op);
      events.onerror = () => resolve(`error in state ${events.readyState}`);
    });
    const body = JSON.stringify({ client_id: id, op: "ping" });
    const headers = { "content-type": "application/json", authorization: "Bearer ada" };
    const posted = fetch(`${url}rps/send`, { method: "POST", credentials: "include", headers, body });
    const answer = await posted.then(async (response) => [response.status, await response.text()], (error) => [error.name]);
    events.close();
    return { op, answer };
  }, url);
}

test("a listed page connects", async () => {
  const page = await open("listed.example");
  assert.equal(await connect(page, ["connected", "waiting", "closed"]), "connected");
});

test("a listed page reads an event stream, and the answers to its POSTs", async () => {
  const page = await open("listed.example");
  const { op, answer } = await stream(page);
  assert.equal(op, "auth_ok");
  assert.deepEqual(answer, [200, '{"op":"pong"}']);
});

test("a page that is not listed is refused", async () => {
  const page = await open("other.example");
  assert.equal(await connect(page, ["connected", "waiting", "closed"]), "waiting");
  const { op, answer } = await stream(page);
  assert.equal(op, "error in state 2");
  assert.deepEqual(answer, ["TypeError"], "the browser hides the answer");
});
