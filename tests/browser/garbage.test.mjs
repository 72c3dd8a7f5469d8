// Tests of the package in Chromium and Firefox where something answers that is not the server, or the server at its limits.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { Fixture } from "../../pkg/tests/fixture.mjs";
import { useLabs } from "./hooks.mjs";
import { HttpProxy } from "./http-proxy.mjs";
import { LAUNCHERS, load } from "./lab.mjs";

const labs = useLabs();
let backend;
let proxy;

before(async () => {
  backend = await Fixture.start();
});

beforeEach(async () => {
  proxy = await HttpProxy.to(backend.port);
});

afterEach(() => proxy?.close());

after(() => backend?.stop());

/** Answer that opens a WebSocket with this subprotocol. */
function accept({ headers }, protocol) {
  const key = createHash("sha1").update(`${headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  const chosen = protocol === undefined ? "" : `Sec-WebSocket-Protocol: ${protocol}\r\n`;
  const common = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
  return `${common}${chosen}Sec-WebSocket-Accept: ${key.digest("base64")}\r\n\r\n`;
}

/** An answer to a request that opens a WebSocket: opens it, and sends these bytes. */
const sends = (...bytes) => (request, page) => {
  page.write(accept(request, "push-wire.v1"));
  page.write(Buffer.from(bytes));
};

/** An answer over HTTP without a body. */
const status = (line, headers = "") => (_, page) => page.end(`HTTP/1.1 ${line}\r\n${headers}Content-Length: 0\r\n\r\n`);

/** Answers to requests that open a WebSocket. */
const SOCKETS = {
  "no subprotocol": (request, page) => page.write(accept(request)),
  "another subprotocol": (request, page) => page.write(accept(request, "soap")),
  "a message of nonsense": sends(0x82, 5, 1, 2, 3, 4, 5),
  "an empty message": sends(0x82, 0),
  "a message as text": sends(0x81, 2, 0x7b, 0x7d),
  "a truncated frame": (request, page) => page.end(Buffer.concat([Buffer.from(accept(request, "push-wire.v1")), Buffer.of(0x82, 100, 1)])),
  "a frame of an unknown kind": sends(0x83, 0),
  "a message larger than the limit": (request, page) => {
    page.write(accept(request, "push-wire.v1"));
    const length = 2 * 1024 * 1024;
    const header = Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 0, 0, 0]);
    header.writeUInt32BE(length, 6);
    page.write(Buffer.concat([header, Buffer.alloc(length)]));
  },
  "a close without a code": sends(0x88, 0),
  "a close with a code of somebody": sends(0x88, 2, 0x0b, 0xb8),
  "no HTTP": (_, page) => page.end("SSH-2.0-OpenSSH_9.2\r\n"),
  "a redirect": status("302 Found", "Location: /empty.html\r\n"),
  401: status("401 Unauthorized"),
  403: status("403 Forbidden"),
  404: status("404 Not Found"),
  429: status("429 Too Many Requests", "Retry-After: 1\r\n"),
  503: status("503 Service Unavailable"),
};

const answers = (code, headers, body = "") => (response) => void response.writeHead(code, headers).end(body);

const events = (text) => answers(200, { "content-type": "text/event-stream" }, text);

/** Answers to requests that open an event stream. */
const STREAMS = {
  "a page": answers(200, { "content-type": "text/html" }, "<!doctype html><title>Log in</title>"),
  "a redirect to a page": answers(302, { location: "/empty.html" }),
  "an empty stream": events(""),
  "a stream of nonsense": events("data: %%%\n\ndata\n:::\n\n"),
  "a message of nonsense": events(`data: ${Buffer.from("nonsense, and more of it").toString("base64")}\n\n`),
  "a close of nonsense": events("event: close\ndata: {\n\n"),
  "a close with a code above 65535": events('event: close\ndata: {"code":70000,"reason":"?"}\n\n'),
  "a line without an end": events(`data: ${"A".repeat(3 * 1024 * 1024)}`),
  204: answers(204),
  401: answers(401),
  403: answers(403),
  404: answers(404),
  500: answers(500),
  502: answers(502),
};

/** Answers that are final, because another attempt would be answered in the same way, with the reason that is stated. */
const FINAL = {
  "a message of nonsense": /frame shorter|record longer/,
  "a message as text": /protocol error/,
  "a message larger than the limit": /size limit/,
  "a stream of nonsense": /protocol error/,
  "a close of nonsense": /protocol error/,
  "a close with a code above 65535": /protocol error/,
  "a line without an end": /size limit/,
};

/** Connects a page over one transport, nearly without delays. Resolves with `sent` after a send, or the reason where it closes. */
function connect(page, transport) {
  return page.evaluate(async (transport) => {
    const retry = { initial: 1, max: 5 };
    const client = window.push.connect("/rps", { transport, retry, storage: null });
    const { phase, reason } = await window.phase(client, "connected", "closed");
    if (phase === "closed") return reason;
    await client.send("lines", 1);
    client.close();
    return "sent";
  }, transport);
}

/** Checks that the page connects after one answer of each kind, which `answer` gives, unless it is final. */
async function check(lab, transport, answers, answer) {
  const page = await lab.open(`${proxy.url}empty.html`, { haste: 10 });
  await load(page);
  for (const [kind, odd] of Object.entries(answers)) {
    const isAnswered = answer(odd);
    const outcome = await connect(page, transport);
    assert.ok(isAnswered(), kind);
    assert.match(outcome, FINAL[kind] ?? /^sent$/, kind);
  }
  assert.deepEqual(lab.heard(), []);
}

for (const name of Object.keys(LAUNCHERS)) {
  test(`a page in ${name} connects after an answer that is no WebSocket of the server`, async () => {
    await check(labs[name], "websocket", SOCKETS, (odd) => {
      let isAnswered = false;
      proxy.onUpgrade = (request, socket) => {
        if (isAnswered) return false;
        isAnswered = true;
        odd(request, socket);
        return true;
      };
      return () => isAnswered;
    });
  });

  test(`a page in ${name} connects after an answer that is no event stream of the server`, async () => {
    await check(labs[name], "sse", STREAMS, (odd) => {
      let isAnswered = false;
      proxy.onRequest = ({ url }, response) => {
        if (isAnswered || !url.startsWith("/rps/sse")) return false;
        isAnswered = true;
        odd(response);
        return true;
      };
      return () => isAnswered;
    });
  });
}

test("a page waits for the time that an answer states", async () => {
  const page = await labs.Chromium.open(`${proxy.url}empty.html`);
  await load(page);
  proxy.onRequest = ({ url }, response) => {
    if (!url.startsWith("/rps/sse")) return false;
    response.writeHead(503, { "retry-after": "3600" }).end();
    return true;
  };
  const { retryAt, code, now } = await page.evaluate(async () => {
    const client = window.push.connect("/rps", { transport: "sse", storage: null });
    const status = await window.phase(client, "waiting");
    client.close();
    return { ...status, now: Date.now() };
  });
  // Ten minutes, the longest time that a server may impose.
  assert.ok(Math.abs(retryAt - now - 600_000) < 60_000, `${retryAt - now} ms`);
  assert.equal(code, 4101);
  assert.deepEqual(labs.Chromium.heard(), []);
});
