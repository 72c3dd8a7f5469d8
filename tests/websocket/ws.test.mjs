// npm's `ws` as a client of the echo server of push-wire-websocket: what either side sends, the other reads.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import WebSocket from "ws";

let echo;
let address;

before(async () => {
  echo = spawn(process.env.ECHO_BIN, { stdio: ["pipe", "pipe", "inherit"] });
  [address] = await once(createInterface(echo.stdout), "line");
});

after(() => echo.stdin.end());

async function connect() {
  const socket = new WebSocket(`ws://${address}/`, { perMessageDeflate: false });
  await once(socket, "open");
  return socket;
}

async function echoed(socket) {
  const [data, isBinary] = await once(socket, "message");
  return isBinary ? data : data.toString();
}

test("messages of every length form", async () => {
  const socket = await connect();
  for (const length of [0, 1, 125, 126, 65_535, 65_536, 1_000_000]) {
    const bytes = Buffer.alloc(length, 7);
    socket.send(bytes);
    assert.deepEqual(await echoed(socket), bytes);
    const text = "é€😀".repeat(length / 9);
    socket.send(text);
    assert.equal(await echoed(socket), text);
  }
  socket.close();
});

test("fragments with a ping between", async () => {
  const socket = await connect();
  socket.send("Hel", { fin: false });
  socket.ping("there?");
  socket.send("lo", { fin: true });
  const message = echoed(socket);
  const [pong] = await once(socket, "pong");
  assert.equal(pong.toString(), "there?");
  assert.equal(await message, "Hello");
  socket.close();
});

test("closing handshake", async () => {
  const socket = await connect();
  socket.close(4321, "bye");
  assert.deepEqual((await once(socket, "close"))[0], 4321);
});
