// Tests of the package over the life of pages, in Chromium and Firefox: walks through the history, copies of a page, frames,
// many pages at once, and ends of the server and of connections.
import assert from "node:assert/strict";
import { test } from "node:test";

import { useLabs, useServer } from "./hooks.mjs";
import { holds, LAUNCHERS, load } from "./lab.mjs";
import { Proxy } from "./proxy.mjs";

const labs = useLabs();
const server = useServer(Proxy);

/** Waits until the client of the page is in this phase. */
const phase = (page, wanted) => holds(page, (name) => window.pushWire?.status.value.phase === name, wanted);

const id = (page) => page.evaluate(() => window.pushWire.id);

/** Sends a message, which is carried out only if the page's client has its session. */
const say = (page) => page.evaluate(() => window.pushWire.send("lines", 1));

/** Waits until the page shows this line. */
function shows(page, line) {
  return holds(page, (text) => [...document.querySelectorAll("#log li")].some((item) => item.textContent === text), line);
}

/** Opens a page of the fixture, and waits until it is connected. */
async function open(lab, options) {
  const page = await lab.open(server.proxy.url, options);
  await phase(page, "connected");
  return page;
}

for (const name of Object.keys(LAUNCHERS)) {
  test(`each of four pages in ${name} is connected after navigations back and forth`, async () => {
    const lab = labs[name];
    const page = await open(lab);
    const first = await id(page);
    for (let number = 1; number < 4; number += 1) {
      await page.goto(`${server.proxy.url}?page=${number}`);
      await phase(page, "connected");
    }
    for (const step of ["goBack", "goBack", "goForward", "goBack", "goBack", "goForward"]) {
      await page[step]();
      await phase(page, "connected");
      await say(page);
      const { transport } = await page.evaluate(() => window.pushWire.status.value);
      assert.deepEqual([await id(page), transport], [first, "websocket"]);
    }
    const line = `after the walk in ${name}`;
    server.backend.publishLog([line]);
    await shows(page, line);
    assert.deepEqual(lab.heard(), []);
  });

  test(`navigations in ${name} keep the positions of every page`, async () => {
    const lab = labs[name];
    // Entries that each page of the tab handles, over all of its loads.
    const page = await lab.open(`${server.proxy.url}empty.html?0`);
    const read = async (topic) => {
      await load(page);
      await page.evaluate((topic) => {
        window.handled = [];
        window.client = window.push.connect("/rps");
        window.client.on("room", ({ value }) => void window.handled.push(value.text), { topic, persist: true });
      }, topic);
    };
    const say = (room, text) => page.evaluate((room, text) => window.client.send("room", { room, name: "Ada", text }), room, text);
    const handled = async (texts) => {
      await holds(page, (count) => window.handled.length >= count, texts.length);
      assert.deepEqual(await page.evaluate(() => window.handled), texts);
    };
    const [lobby, garden] = [`lobby ${name}`, `garden ${name}`];
    await read("lobby");
    await say("lobby", `${lobby} 1`);
    await handled([`${lobby} 1`]);
    await page.goto(`${server.proxy.url}empty.html?1`);
    await read("garden");
    await say("garden", `${garden} 1`);
    await handled([`${garden} 1`]);
    // The first page may come back as it was, or load anew; so may the second one, which continues in both cases.
    await page.goBack();
    if (!(await page.evaluate(() => window.handled?.length > 0))) await read("lobby");
    await say("lobby", `${lobby} 2`);
    await holds(page, (text) => window.handled.at(-1) === text, `${lobby} 2`);
    assert.equal(await page.evaluate((text) => window.handled.filter((other) => other === text).length, `${lobby} 2`), 1);
    await say("garden", `${garden} 2`);
    await page.goto(`${server.proxy.url}empty.html?2`);
    await read("garden");
    await handled([`${garden} 2`]);
    assert.deepEqual(lab.heard(), []);
  });

  test(`copies of a page in ${name} have clients of their own`, async () => {
    const lab = labs[name];
    const page = await open(lab);
    const opened = new Promise((resolve) => page.once("popup", resolve));
    // A window opened by the page begins with a copy of its session storage, as a duplicated tab does.
    await page.evaluate(() => void window.open(location.href));
    const duplicate = await opened;
    await phase(duplicate, "connected");
    const inner = await page.evaluate(async () => {
      const frames = [1, 2].map(() => {
        const frame = document.createElement("iframe");
        frame.src = location.href;
        document.body.append(frame);
        return frame;
      });
      const copy = await import("/dist/index.js?copy");
      const client = copy.connect("/rps");
      const connected = (client) => new Promise((resolve) => client.status.subscribe(({ phase }) => phase === "connected" && resolve(client.id)));
      const loaded = (frame) => new Promise((resolve) => {
        const look = () => (frame.contentWindow.pushWire ? resolve(frame.contentWindow.pushWire) : setTimeout(look, 20));
        look();
      });
      const ids = [await connected(client)];
      for (const frame of frames) ids.push(await connected(await loaded(frame)));
      return ids;
    });
    const ids = [await id(page), await id(duplicate), ...inner];
    assert.equal(new Set(ids).size, 5);
    await Promise.all([say(page), say(duplicate)]);
    await page.reload();
    await phase(page, "connected");
    await say(page);
    assert.deepEqual(lab.heard(), []);
  });

  test(`a page in ${name} is connected after a storm of reloads`, async () => {
    const lab = labs[name];
    const page = await open(lab);
    for (let round = 0; round < 8; round += 1) {
      await page.reload({ waitUntil: "domcontentloaded" });
    }
    await phase(page, "connected");
    await say(page);
    assert.deepEqual(lab.heard(), []);
  });

  test(`twenty pages in ${name} go on at a restarted server`, async () => {
    const lab = labs[name];
    const context = await lab.context();
    const pages = await Promise.all(Array.from({ length: 20 }, () => lab.open(server.proxy.url, { context })));
    await Promise.all(pages.map((page) => holds(page, () => window.pushWire?.status.value.phase !== "connecting")));
    await server.backend.killAndRestart();
    server.backend.publishLog(["restarted"]);
    for (const page of pages) {
      await page.bringToFront();
      await shows(page, "restarted");
    }
    assert.equal(new Set(await Promise.all(pages.map(id))).size, 20);
    assert.deepEqual(lab.heard(), []);
  });

  test(`a page in ${name} leaves a half-open connection when it is shown`, async () => {
    const lab = labs[name];
    const page = await open(lab, { haste: 10 });
    server.proxy.hold();
    const line = `sent to a half-open connection of ${name}`;
    server.backend.publishLog([line]);
    await page.evaluate(() => void document.dispatchEvent(new Event("visibilitychange")));
    await shows(page, line);
    assert.deepEqual(lab.heard(), []);
  });
}
