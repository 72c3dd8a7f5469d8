// Tests of the package in Chromium: reloaded, duplicated, hidden, frozen and offline pages.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { launch } from "../../tests/browser/browser.mjs";
import { Proxy } from "../../tests/browser/proxy.mjs";
import { Fixture } from "./fixture.mjs";

let browser;
let backend;
let proxy;
let context;
let page;

before(async () => {
  [browser, backend] = await Promise.all([launch(), Fixture.start()]);
});

beforeEach(async () => {
  proxy = await Proxy.to(backend.port);
  context = await browser.createBrowserContext();
  page = await context.newPage();
  await page.goto(proxy.url);
  await phase(page, "connected");
});

afterEach(async () => {
  await context.close();
  await proxy.close();
});

after(async () => {
  await browser?.close();
  await backend?.stop();
});

/** Waits until the page's client is in this phase. Polls by time: a hidden page has no animation frames. */
function phase(page, wanted) {
  return page.waitForFunction((name) => window.pushWire?.status.value.phase === name, { polling: 20 }, wanted);
}

const id = (page) => page.evaluate(() => window.pushWire.id);

/** Opens an empty tab in front of the page, and waits until the page knows that it is hidden. */
async function hide() {
  const front = await context.newPage();
  await front.bringToFront();
  await page.waitForFunction(() => document.visibilityState === "hidden", { polling: 20 });
  return front;
}

test("a reload keeps the client's id", async () => {
  const before = await id(page);
  await page.reload();
  await phase(page, "connected");
  assert.equal(await id(page), before);
});

test("a page that may not use its storage reports it, and connects", async () => {
  const fault = await page.evaluate(async () => {
    const get = () => {
      throw new DOMException("access is denied", "SecurityError");
    };
    Object.defineProperty(window, "sessionStorage", { get });
    const { connect } = await import("/dist/index.js");
    window.pushWire = connect("/rps");
    return new Promise((resolve) => window.pushWire.onFault(({ code, message }) => resolve(`${code}: ${message}`)));
  });
  assert.equal(fault, "storage: positions cannot be kept over a reload: SecurityError: access is denied");
  await phase(page, "connected");
});

test("a duplicated tab and its original both stay connected", async () => {
  const opened = new Promise((resolve) => page.once("popup", resolve));
  // A window opened by the page begins with a copy of its session storage, as a duplicated tab does.
  await page.evaluate(() => void window.open(location.href));
  const duplicate = await opened;
  await phase(duplicate, "connected");
  assert.notEqual(await id(duplicate), await id(page));
  const say = () => window.pushWire.send("room", { room: "lobby", name: "Ada", text: "here" });
  await Promise.all([page.evaluate(say), duplicate.evaluate(say)]);
  assert.equal(await page.evaluate(() => window.pushWire.status.value.phase), "connected");
});

test("a page that comes back goes on after a later page", async () => {
  const before = await id(page);
  // The page is left, and kept in memory: its connection is lost.
  await page.evaluate(() => {
    window.pushWire.interrupt(3_600_000);
    dispatchEvent(new Event("pagehide"));
  });
  // A later page of the tab, played by a frame, continues with the client's id and connects several times.
  const later = await page.evaluate(async () => {
    const frame = document.createElement("iframe");
    frame.src = location.href;
    document.body.append(frame);
    const connected = () => new Promise((resolve) => {
      const look = () => (frame.contentWindow.pushWire?.status.value.phase === "connected" ? resolve() : setTimeout(look, 20));
      look();
    });
    for (let times = 0; times < 3; times++) {
      await connected();
      frame.contentWindow.pushWire.interrupt(20);
    }
    await connected();
    const { id } = frame.contentWindow.pushWire;
    frame.remove();
    return id;
  });
  assert.equal(later, before);
  await page.evaluate(() => {
    dispatchEvent(new Event("pageshow"));
    window.pushWire.connect();
  });
  await phase(page, "connected");
  assert.equal(await id(page), before);
  await page.evaluate(() => window.pushWire.send("room", { room: "lobby", name: "Ada", text: "back" }));
});

test("frames of one page have clients of their own", async () => {
  const ids = await page.evaluate(async () => {
    const frames = [1, 2].map(() => {
      const frame = document.createElement("iframe");
      frame.src = location.href;
      document.body.append(frame);
      return frame;
    });
    const connected = (frame) => new Promise((resolve) => {
      const look = () => (frame.contentWindow.pushWire?.status.value.phase === "connected" ? resolve() : setTimeout(look, 20));
      look();
    });
    await Promise.all(frames.map(connected));
    return frames.map((frame) => frame.contentWindow.pushWire.id);
  });
  assert.equal(new Set([...ids, await id(page)]).size, 3);
  await phase(page, "connected");
  await page.reload();
  await phase(page, "connected");
});

test("a hidden page reconnects when it is visible", async () => {
  await hide();
  proxy.cut();
  await phase(page, "offline");
  proxy.restore();
  await page.bringToFront();
  await phase(page, "connected");
});

test("an offline page reconnects when it is online", async () => {
  await page.setOfflineMode(true);
  proxy.cut();
  await phase(page, "offline");
  proxy.restore();
  await page.setOfflineMode(false);
  await phase(page, "connected");
});

test("a page connects although its browser says that it is offline", async () => {
  await page.evaluate(async () => {
    window.pushWire.close();
    const { connect } = await import("/dist/index.js");
    window.pushWire = connect("/rps", { retry: { max: 50 } });
  });
  await phase(page, "connected");
  await page.evaluate(() => {
    Object.defineProperty(navigator, "onLine", { value: false });
    window.phases = [];
    dispatchEvent(new Event("offline"));
    window.pushWire.status.subscribe(({ phase }) => window.phases.push(phase));
  });
  proxy.cut();
  await phase(page, "offline");
  proxy.restore();
  await phase(page, "connected");
  // From then on the browser is not believed.
  await page.evaluate(() => window.phases.splice(0));
  proxy.cut();
  await phase(page, "waiting");
  proxy.restore();
  await phase(page, "connected");
  assert.deepEqual(await page.evaluate(() => window.phases.includes("offline")), false);
});

test("a frozen page resumes when it is active", async () => {
  const front = await hide();
  const devtools = await page.createCDPSession();
  await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
  backend.publishLog(["while frozen"]);
  await devtools.send("Page.setWebLifecycleState", { state: "active" });
  await front.close();
  await page.bringToFront();
  await phase(page, "connected");
  const shown = () => [...document.querySelectorAll("#log li")].some(({ textContent }) => textContent === "while frozen");
  await page.waitForFunction(shown, { polling: 20 });
});
