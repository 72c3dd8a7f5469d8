// Tests of tabs that share one connection, in Chromium and Firefox: their streams and sends, and the end of the tab that has
// the connection.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";

import { Fixture } from "../../pkg/tests/fixture.mjs";
import { useLabs, useServer } from "./hooks.mjs";
import { holds, LAUNCHERS, load } from "./lab.mjs";
import { listen } from "./listen.mjs";
import { Proxy } from "./proxy.mjs";

const labs = useLabs();
const server = useServer(Proxy);

/** Begins to share the connection in a page that reads the log, a topic and the document. */
async function join(page, options = {}) {
  await load(page);
  await page.evaluate((options) => {
    window.client = window.push.connect("/rps", { shared: true, ...options });
    window.lines = [];
    window.texts = [];
    window.outcomes = [];
    const log = window.client.on("log", ({ value }) => void window.lines.push(value));
    log.onOutcome(({ type }) => void window.outcomes.push(type));
    window.client.on("room", ({ value }) => void window.texts.push(value.text), { topic: "lobby" });
    window.shown = window.client.document("document");
  }, options);
}

/** Opens a tab, and waits until it is connected. */
async function open(lab, context, { haste, ...options } = {}) {
  const page = await lab.open(`${server.proxy.url}empty.html`, { context, haste });
  await join(page, options);
  await isConnected(page);
  return page;
}

const isConnected = (page) => holds(page, () => window.client.status.value.phase === "connected");

/** Waits until the page has handled as many lines, and returns them. */
async function lines(page, count) {
  await holds(page, (count) => window.lines.length >= count, count);
  return page.evaluate(() => window.lines);
}

/** Waits until the page has handled as many texts of the room, and returns them in order. */
async function texts(page, count) {
  await holds(page, (count) => window.texts.length >= count, count);
  return page.evaluate(() => window.texts);
}

const say = (page, text) => page.evaluate((text) => window.client.send("room", { room: "lobby", name: "Ada", text }), text);

/** Sends texts to the room at once; resolves with the answer to each: "sent", or the code of the error. */
const sayAll = (page, texts) =>
  page.evaluate((texts) => {
    const say = (text) => window.client.send("room", { room: "lobby", name: "Ada", text });
    return Promise.all(texts.map((text) => say(text).then(() => "sent", ({ code }) => code)));
  }, texts);

/** Checks that the room has each text that was sent once and in order, and each one with an unknown outcome at most once. */
function areHandledAsTold(said, texts, answers) {
  assert.ok(answers.every((answer) => answer === "sent" || answer === "unavailable"));
  const own = said.filter((text) => texts.includes(text));
  assert.equal(new Set(own).size, own.length);
  const known = texts.filter((_, at) => answers[at] === "sent");
  assert.deepEqual(own.filter((text) => known.includes(text)), known);
}

const numbered = (count, from = 0) => Array.from({ length: count }, (_, number) => `line ${from + number}`);

for (const name of Object.keys(LAUNCHERS)) {
  test(`tabs in ${name} share one connection, and each gets all of every stream`, async () => {
    const lab = labs[name];
    const context = await lab.context();
    server.backend.publishLog(numbered(20));
    server.backend.publish("document", [{ text: "first" }]);
    const tabs = [await open(lab, context), await open(lab, context), await open(lab, context)];
    for (const tab of tabs) assert.deepEqual(await lines(tab, 20), numbered(20));
    server.backend.publishLog(numbered(20, 20));
    await Promise.all(tabs.map((tab, number) => say(tab, `of ${number}`)));
    for (const tab of tabs) {
      assert.deepEqual(await lines(tab, 40), numbered(40));
      assert.deepEqual((await texts(tab, 3)).toSorted(), ["of 0", "of 1", "of 2"]);
      await holds(tab, () => window.shown.value?.text === "first");
      assert.deepEqual(await tab.evaluate(() => window.outcomes), ["resumed"]);
    }
    const ids = await Promise.all(tabs.map((tab) => tab.evaluate(() => window.client.id)));
    assert.equal(new Set(ids).size, 1);
    assert.equal(server.backend.openings.length, 1);
    assert.deepEqual(lab.heard(), []);
  });

  test(`the end of the tab that has the connection in ${name} loses and repeats nothing`, async () => {
    const lab = labs[name];
    const context = await lab.context();
    const [leader, ...tabs] = [await open(lab, context), await open(lab, context), await open(lab, context)];
    server.backend.publishLog(numbered(5));
    for (const tab of tabs) await lines(tab, 5);
    // Sends are under way while the tab is closed.
    const all = tabs.map((_, number) => Array.from({ length: 50 }, (_, count) => `${number}-${count}`));
    const sent = Promise.all(tabs.map((tab, number) => sayAll(tab, all[number])));
    await leader.close();
    server.backend.publishLog(numbered(5, 5));
    const answers = await sent;
    // Firefox aborts scripts of a tab that it closes, which may then take no leave of the others.
    if (name === "Chromium") assert.ok(answers.flat().every((answer) => answer === "sent"));
    await say(tabs[0], "last");
    for (const tab of tabs) {
      assert.deepEqual(await lines(tab, 10), numbered(10));
      await holds(tab, () => window.texts.includes("last"));
      const said = await tab.evaluate(() => window.texts);
      all.forEach((texts, number) => areHandledAsTold(said, texts, answers[number]));
      assert.ok((await tab.evaluate(() => window.outcomes)).every((type) => type === "resumed"));
    }
    assert.equal(server.backend.openings.length, 2);
    assert.deepEqual(lab.heard(), []);
  });

  test(`tabs in ${name} go on after a lost connection, each with its sends`, async () => {
    const lab = labs[name];
    const context = await lab.context();
    const options = { retry: { initial: 50 } };
    const tabs = [await open(lab, context, options), await open(lab, context, options)];
    server.proxy.cut();
    for (const tab of tabs) await holds(tab, () => window.client.status.value.attempt > 1);
    const sent = tabs.map((tab, number) => say(tab, `while away ${number}`));
    server.backend.publishLog(numbered(3));
    server.proxy.restore();
    await Promise.all(sent);
    for (const tab of tabs) {
      assert.deepEqual(await lines(tab, 3), numbered(3));
      assert.deepEqual((await texts(tab, 2)).toSorted(), ["while away 0", "while away 1"]);
    }
  });

  test(`tabs in ${name} that are reloaded at once all come back, over one connection`, async () => {
    const lab = labs[name];
    const context = await lab.context();
    server.backend.publishLog(numbered(10));
    const tabs = [await open(lab, context), await open(lab, context), await open(lab, context), await open(lab, context)];
    await Promise.all(tabs.map((tab) => tab.reload()));
    await Promise.all(tabs.map((tab) => join(tab)));
    for (const tab of tabs) assert.deepEqual(await lines(tab, 10), numbered(10));
    await Promise.all(tabs.map((tab, number) => say(tab, `again ${number}`)));
    for (const tab of tabs) assert.equal((await texts(tab, 4)).length, 4);
    await tabs[0].evaluate(() => window.client.close());
    await isConnected(tabs[1]);
    await say(tabs[1], "without the first");
    assert.equal(await tabs[0].evaluate(() => window.client.status.value.phase), "closed");
  });

  test(`a tab in ${name} that is left with the connection, and comes back, has missed nothing`, async () => {
    const lab = labs[name];
    const context = await lab.context();
    const [leader, tab] = [await open(lab, context), await open(lab, context)];
    await leader.goto(`${server.proxy.url}empty.html?elsewhere`);
    server.backend.publishLog(numbered(5));
    assert.deepEqual(await lines(tab, 5), numbered(5));
    await say(tab, "while it is away");
    await leader.goBack();
    // It comes back as it was, or is loaded anew.
    if (!(await leader.evaluate(() => "client" in window))) await join(leader);
    assert.deepEqual(await lines(leader, 5), numbered(5));
    assert.deepEqual(await texts(leader, 1), ["while it is away"]);
    await say(leader, "back");
    assert.deepEqual(await texts(tab, 2), ["while it is away", "back"]);
  });

  test(`a tab in ${name} that is hidden from its beginning connects`, async () => {
    const lab = labs[name];
    const context = await lab.context();
    const page = await lab.open(`${server.proxy.url}empty.html`, { context });
    const front = await lab.open(`${server.proxy.url}empty.html?front`, { context });
    await front.bringToFront();
    await holds(page, () => document.visibilityState === "hidden");
    await join(page);
    await isConnected(page);
    await say(page, "from a hidden tab");
    // It has the connection, which another hidden tab takes over.
    const other = await lab.open(`${server.proxy.url}empty.html?other`, { context });
    await front.bringToFront();
    await join(other);
    await isConnected(other);
    await page.close();
    await say(other, "from another hidden tab");
    assert.deepEqual(await texts(other, 2), ["from a hidden tab", "from another hidden tab"]);
    assert.deepEqual(lab.heard(), []);
  });
}

test("a tab that crashes with the connection is replaced, and each send is handled once or has an unknown outcome", async () => {
  const lab = labs.Chromium;
  const context = await lab.context();
  const [leader, tab] = [await open(lab, context), await open(lab, context)];
  const session = await leader.createCDPSession();
  const all = Array.from({ length: 100 }, (_, count) => `${count}`);
  const sent = sayAll(tab, all);
  session.send("Page.crash").catch(() => {});
  server.backend.publishLog(numbered(5));
  const answers = await sent;
  assert.deepEqual(await lines(tab, 5), numbered(5));
  await say(tab, "last");
  // The crash loses what the tab was about to be told: it does not know whether these were handled.
  await holds(tab, () => window.texts.includes("last"));
  areHandledAsTold(await tab.evaluate(() => window.texts), all, answers);
});

test("a frozen tab leaves the connection to another one, and goes on when it is resumed", async () => {
  const lab = labs.Chromium;
  const context = await lab.context();
  const [leader, tab] = [await open(lab, context), await open(lab, context)];
  await tab.bringToFront();
  await holds(leader, () => document.visibilityState === "hidden");
  const session = await leader.createCDPSession();
  await session.send("Page.setWebLifecycleState", { state: "frozen" });
  server.backend.publishLog(numbered(5));
  assert.deepEqual(await lines(tab, 5), numbered(5));
  await say(tab, "while it is frozen");
  await session.send("Page.setWebLifecycleState", { state: "active" });
  await leader.bringToFront();
  assert.deepEqual(await lines(leader, 5), numbered(5));
  assert.deepEqual(await texts(leader, 1), ["while it is frozen"]);
  assert.equal(server.backend.openings.length, 2);
});

test("tabs go on with a hidden leader whose timers come once a minute", async () => {
  const lab = labs.Chromium;
  const context = await lab.context();
  const [leader, tab] = [await open(lab, context), await open(lab, context)];
  await tab.bringToFront();
  await holds(leader, () => document.visibilityState === "hidden");
  // As Chromium does in a page that has been hidden for five minutes.
  await leader.evaluate(() => {
    const set = window.setTimeout;
    window.setTimeout = (task, millis, ...rest) => set(task, Math.max(millis, 60_000), ...rest);
  });
  for (const attempt of [1, 2]) {
    server.proxy.cut();
    await holds(tab, () => window.client.status.value.phase !== "connected");
    server.backend.publishLog(numbered(5, 5 * (attempt - 1)));
    server.proxy.restore();
    await say(tab, `after cut ${attempt}`);
    assert.deepEqual(await lines(tab, 5 * attempt), numbered(5 * attempt));
  }
  assert.deepEqual(await lines(leader, 10), numbered(10));
});

test("tabs connect again although the browser says that there is no network", async () => {
  const lab = labs.Chromium;
  const context = await lab.context();
  const options = { retry: { max: 200 } };
  const tabs = [await open(lab, context, options), await open(lab, context, options)];
  for (const tab of tabs) {
    await tab.evaluate(() => {
      Object.defineProperty(navigator, "onLine", { value: false });
      dispatchEvent(new Event("offline"));
    });
  }
  server.proxy.cut();
  for (const tab of tabs) await holds(tab, () => window.client.status.value.phase === "offline");
  server.proxy.restore();
  await Promise.all(tabs.map((tab, number) => say(tab, `of ${number}`)));
  for (const tab of tabs) assert.deepEqual((await texts(tab, 2)).toSorted(), ["of 0", "of 1"]);
});

test("a tab whose token is refused leaves the connection to the next one, and takes part with another token", async () => {
  const lab = labs.Chromium;
  const guarded = await Fixture.start({ tokens: true });
  try {
    const context = await lab.context();
    const connect = async (token) => {
      const page = await lab.open(`${guarded.url}empty.html`, { context });
      await load(page);
      await page.evaluate((token) => void (window.client = window.push.connect("/rps", { shared: true, token })), token);
      return page;
    };
    const refused = await connect("nonsense");
    await holds(refused, () => window.client.status.value.phase === "closed");
    const tab = await connect("write");
    await isConnected(tab);
    await refused.evaluate(() => {
      window.client.setToken("write");
      window.client.connect();
    });
    await isConnected(refused);
    await refused.evaluate(() => window.client.send("lines", 1));
    await tab.evaluate(() => window.client.setToken("read"));
    // It counts for all tabs. What the server reads before it has checked the token is still taken.
    const answer = () => window.client.send("lines", 1).then(() => "sent", ({ code }) => code);
    while ((await refused.evaluate(answer)) === "sent");
    assert.equal(await refused.evaluate(answer), "not_permitted");
  } finally {
    await guarded.stop();
  }
});

test("tabs without locks, and tabs with other encodings, have connections of their own", async () => {
  const lab = labs.Chromium;
  const context = await lab.context();
  const tabs = [await open(lab, context), await open(lab, context, { encoding: "msgpack" })];
  const other = await lab.open(`${server.proxy.url}empty.html`, { context });
  await other.evaluate(() => Object.defineProperty(navigator, "locks", { value: undefined }));
  await join(other);
  server.backend.publishLog(numbered(5));
  await Promise.all([...tabs, other].map((tab, number) => say(tab, `of ${number}`)));
  for (const tab of [...tabs, other]) {
    assert.deepEqual(await lines(tab, 5), numbered(5));
    assert.deepEqual((await texts(tab, 3)).toSorted(), ["of 0", "of 1", "of 2"]);
  }
  assert.equal(server.backend.openings.length, 3);
});

test("a tab whose scripts do not run loses the connection to another one, and comes back", async () => {
  const lab = labs.Chromium;
  const context = await lab.context();
  const [leader, tab] = [await open(lab, context), await open(lab, context, { haste: 5 })];
  const session = await leader.createCDPSession();
  await session.send("Debugger.enable");
  // Scripts stop here, without an event that tells the page.
  const stopped = leader.evaluate(() => {
    // biome-ignore lint: the browser stops here until the test goes on.
    debugger;
  });
  await new Promise((resolve) => session.once("Debugger.paused", resolve));
  const sent = say(tab, "after the stop");
  server.backend.publishLog(numbered(5));
  await sent;
  assert.deepEqual(await lines(tab, 5), numbered(5));
  await session.send("Debugger.resume");
  await stopped;
  assert.deepEqual(await lines(leader, 5), numbered(5));
  assert.deepEqual(await texts(leader, 1), ["after the stop"]);
  await say(leader, "back");
  assert.deepEqual(await texts(tab, 2), ["after the stop", "back"]);
});

/** Keeps a page busy in one task. Resolves with a function that ends the task. */
async function keepBusy(page) {
  const server = createServer();
  await listen(server);
  const { port } = server.address();
  const asked = once(server, "request");
  const busy = page.evaluate((url) => {
    const request = new XMLHttpRequest();
    request.open("GET", url, false);
    request.send();
  }, `http://127.0.0.1:${port}/`);
  const [, response] = await asked;
  return async () => {
    response.writeHead(200, { "access-control-allow-origin": "*", connection: "close" }).end();
    await busy;
    server.close();
  };
}

test("a tab that takes nothing has at most 8 MiB on their way to it, and then reads on", async () => {
  const lab = labs.Chromium;
  const context = await lab.context();
  const [leader, tab] = [await open(lab, context), await open(lab, context)];
  const goOn = await keepBusy(tab);
  const count = 12;
  server.backend.publishLog(numbered(count).map((line) => line.padEnd(1024 * 1024)));
  const trimmed = async (page) => {
    await holds(page, (count) => window.lines.length >= count, count);
    return page.evaluate(() => window.lines.map((line) => line.trim()));
  };
  assert.deepEqual(await trimmed(leader), numbered(count));
  await goOn();
  assert.deepEqual(await trimmed(tab), numbered(count));
  // Its line was ended, and it began another one from its positions.
  assert.deepEqual(await tab.evaluate(() => window.outcomes), ["resumed", "resumed"]);
  assert.deepEqual(await leader.evaluate(() => window.outcomes), ["resumed"]);
  assert.equal(server.backend.openings.length, 1);
});
