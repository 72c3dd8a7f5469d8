// Tests of state that is kept on the device (`persist: "device"`), in Chromium and Firefox: in later tabs, with several open
// tabs, and with storage that fails.
import assert from "node:assert/strict";
import { test } from "node:test";

import { useLabs, useServer } from "./hooks.mjs";
import { holds, LAUNCHERS, load } from "./lab.mjs";

const labs = useLabs();
const server = useServer();

/** Opens a page of this context, whose clock runs `haste` times as fast. */
async function open(lab, context, haste = 1) {
  const page = await lab.open(`http://127.0.0.1:${server.backend.port}/empty.html`, { context, haste });
  await load(page);
  return page;
}

/**
 * Connects, and reads a topic with a kept position. The page has the texts in `window.handled`, the outcomes in
 * `window.outcomes`, the errors in `window.faults`, and the client's id right after `connect` in `window.idAtFirst`.
 */
function read(page, options = {}) {
  return page.evaluate((options) => {
    window.handled = [];
    window.outcomes = [];
    window.faults = [];
    window.client = window.push.connect("/rps", { persist: "device", ...options });
    window.idAtFirst = window.client.id;
    window.client.onFault(({ code, message }) => void window.faults.push({ code, message }));
    const reading = window.client.on("room", ({ value }) => void window.handled.push(value.text), { topic: "lobby", persist: true });
    reading.onOutcome(({ type }) => void window.outcomes.push(type));
  }, options);
}

const connected = (page) => holds(page, () => window.client.status.value.phase === "connected" && window.outcomes.length > 0);

const id = (page) => page.evaluate(() => window.client.id);

const say = (page, text) => page.evaluate((text) => window.client.send("room", { room: "lobby", name: "Ada", text }), text);

/** Waits until the page has handled these texts, and no others. */
async function handles(page, texts) {
  await holds(page, (count) => window.handled.length >= count, texts.length);
  assert.deepEqual(await page.evaluate(() => window.handled), texts);
}

for (const persist of ["tab", "device"]) {
  test(`a page that has crashed continues from its positions, with persist: "${persist}"`, async () => {
    const lab = labs.Chromium;
    const context = await lab.context();
    const page = await open(lab, context);
    await read(page, { persist });
    await connected(page);
    const first = await id(page);
    await say(page, `before, ${persist}`);
    await handles(page, [`before, ${persist}`]);
    const session = await page.createCDPSession();
    const crashed = new Promise((resolve) => session.once("Inspector.targetCrashed", resolve));
    session.send("Page.crash").catch(() => {});
    await crashed;
    await Promise.all([page.waitForNavigation(), session.send("Page.reload")]);

    await load(page);
    await read(page, { persist });
    await connected(page);
    // In the session storage, a record of a page that has crashed looks like that of an open page; on the device, Web Locks show
    // the difference.
    assert.equal((await id(page)) === first, persist === "device");
    await say(page, `after, ${persist}`);
    await handles(page, [`after, ${persist}`]);
    assert.deepEqual(await page.evaluate(() => window.outcomes), ["resumed"]);
    assert.deepEqual(await page.evaluate(() => window.faults), []);
  });
}

for (const name of Object.keys(LAUNCHERS)) {
  test(`a client in ${name} goes on in another tab when its own is closed`, async () => {
    const lab = labs[name];
    const context = await lab.context();
    const page = await open(lab, context);
    await read(page);
    assert.equal(await page.evaluate(() => window.idAtFirst), "", "the id is not known yet");
    await connected(page);
    const first = await id(page);
    await say(page, `${name} 1`);
    await handles(page, [`${name} 1`]);
    await page.close();

    const later = await open(lab, context);
    await read(later);
    await connected(later);
    assert.equal(await id(later), first);
    assert.deepEqual(await later.evaluate(() => window.outcomes), ["resumed"]);
    await say(later, `${name} 2`);
    await handles(later, [`${name} 2`]);
    assert.deepEqual(await later.evaluate(() => window.faults), []);
    assert.deepEqual(lab.heard(), []);
  });

  test(`tabs in ${name} that are open at once have their own ids, and share positions`, async () => {
    const lab = labs[name];
    const context = await lab.context();
    const page = await open(lab, context);
    await read(page);
    await connected(page);
    await say(page, `${name} 1`);
    await handles(page, [`${name} 1`]);
    const other = await open(lab, context);
    await read(other);
    await connected(other);
    assert.notEqual(await id(other), await id(page));
    await say(other, `${name} 2`);
    // The second tab begins where the first one is.
    await handles(other, [`${name} 2`]);
    await handles(page, [`${name} 1`, `${name} 2`]);
    // The next client takes the record of the closed one, and begins at the newest position of all records.
    const freed = await id(page);
    await page.evaluate(() => window.client.close());
    await say(other, `${name} 3`);
    await handles(other, [`${name} 2`, `${name} 3`]);
    await read(page);
    await connected(page);
    assert.equal(await id(page), freed);
    await say(page, `${name} 4`);
    await handles(page, [`${name} 4`]);
    assert.deepEqual(lab.heard(), []);
  });

  test(`pages of one tab in ${name} use one record over navigations, also from the back/forward cache`, async () => {
    const lab = labs[name];
    const page = await open(lab);
    // A page may come from the back/forward cache, or is loaded again.
    const go = async (step) => {
      await step();
      if (!(await page.evaluate(() => window.client !== undefined))) {
        await load(page);
        await read(page);
      }
      await connected(page);
      return id(page);
    };
    const first = await go(async () => {});
    await say(page, `${name} 1`);
    await handles(page, [`${name} 1`]);
    const empty = `http://127.0.0.1:${server.backend.port}/empty.html`;
    assert.equal(await go(() => page.goto(`${empty}?1`)), first);
    assert.equal(await go(() => page.goBack()), first);
    // No client of this page requests the lock that the page before it holds.
    await page.goto(`${empty}?2`);
    assert.equal(await go(() => page.goBack()), first);
    await say(page, `${name} 2`);
    await holds(page, (text) => window.handled.at(-1) === text, `${name} 2`);
    assert.deepEqual(lab.heard(), []);
  });

  test(`a damaged record in ${name} is reported and replaced`, async () => {
    const lab = labs[name];
    const page = await open(lab);
    await read(page, { storageKey: "spoiled" });
    await connected(page);
    const first = await id(page);
    await page.evaluate(() => window.client.close());
    await page.evaluate(spoil, "spoiled");
    await read(page, { storageKey: "spoiled" });
    await connected(page);
    assert.notEqual(await id(page), first);
    const [{ code, message }, ...more] = await page.evaluate(() => window.faults);
    assert.deepEqual([code, more], ["storage", []]);
    assert.match(message, /on the device under "spoiled" cannot be read: not a snapshot/);
  });

  test(`a page in ${name} without Web Locks, or above its storage quota, reports it and connects`, async () => {
    const lab = labs[name];
    const page = await open(lab);
    for (const [spoil, told] of [
      [() => Object.defineProperty(navigator, "locks", { value: undefined, configurable: true }), /there are no Web Locks/],
      [
        () => {
          delete navigator.locks;
          IDBObjectStore.prototype.put = () => {
            throw new DOMException("no room", "QuotaExceededError");
          };
        },
        /QuotaExceededError: no room/,
      ],
    ]) {
      await page.evaluate(spoil);
      await read(page);
      await connected(page);
      await say(page, `${name} goes on`);
      await holds(page, () => window.handled.length > 0);
      const faults = await page.evaluate(() => window.faults);
      assert.ok(faults.length > 0);
      for (const { code, message } of faults) {
        assert.equal(code, "storage");
        assert.match(message, told);
      }
      await page.evaluate(() => window.client.close());
    }
  });

  test(`a client in ${name} whose last write fails is closed without an unhandled rejection`, async () => {
    const lab = labs[name];
    const page = await open(lab);
    await read(page);
    await connected(page);
    const first = await id(page);
    // The last write starts with the close, while another one has not ended.
    const ended = await page.evaluate(() => {
      const ends = [];
      IDBTransaction.prototype.commit = function () {
        ends.push(new Promise((resolve) => this.addEventListener("abort", resolve)));
        this.abort();
      };
      for (let attempt = 0; attempt < 2; attempt += 1) {
        window.client.interrupt(0);
        window.client.connect();
      }
      window.client.close();
      return Promise.all(ends).then(() => ends.length);
    });
    assert.ok(ended > 0);
    await page.reload();
    await load(page);
    await read(page);
    await connected(page);
    assert.equal(await id(page), first);
    assert.deepEqual(lab.heard(), []);
  });

  test(`a page in ${name} connects without its positions when the device does not answer`, async () => {
    const lab = labs[name];
    const page = await open(lab, undefined, 10);
    await page.evaluate(() => (IDBFactory.prototype.open = () => new EventTarget()));
    await read(page);
    await connected(page);
    const [{ code, message }, ...more] = await page.evaluate(() => window.faults);
    assert.deepEqual([code, more], ["storage", []]);
    assert.match(message, /positions cannot be kept on the device: IndexedDB did not answer/);
  });

  test(`failed writes in ${name} are reported once`, async () => {
    const lab = labs[name];
    const page = await open(lab);
    await read(page);
    await connected(page);
    await page.evaluate(() => new Promise((resolve) => (indexedDB.deleteDatabase("push-wire").onsuccess = resolve)));
    for (const number of [1, 2, 3]) {
      await say(page, `${name} ${number}`);
      await holds(page, (text) => window.handled.at(-1) === text, `${name} ${number}`);
    }
    const faults = await page.evaluate(() => window.faults);
    assert.deepEqual(faults.map(({ code }) => code), ["storage"]);
    assert.match(faults[0].message, /positions cannot be kept on the device/);
  });
}

/** Replaces a record by bytes that are not a snapshot. Runs in the page. */
function spoil(name) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("push-wire");
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const transaction = opening.result.transaction("clients", "readwrite");
      transaction.objectStore("clients").put(new Uint8Array([1, 2, 3]), name);
      transaction.oncomplete = () => {
        opening.result.close();
        resolve();
      };
    };
  });
}
