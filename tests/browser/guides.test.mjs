// Tests of docs/guides in Chromium: each guide is pasted into a new folder, run, and played as its reader does.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { access, readFile, rename, rm, symlink } from "node:fs/promises";
import { after, afterEach, before, test } from "node:test";
import { promisify } from "node:util";

import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { build, createServer } from "vite";

import { launch } from "./browser.mjs";
import { Guide } from "./guide.mjs";
import { HttpProxy } from "./http-proxy.mjs";
import { Nginx } from "./nginx.mjs";
import { root } from "./program.mjs";
import { Proxy } from "./proxy.mjs";

const TIMEOUT_MS = 30_000;

let browser;
let errors = [];
/** Programs that a test has started, ended in reverse order. */
const started = [];

before(async () => {
  browser = await launch();
});

afterEach(async () => {
  const ends = [];
  for (const end of started.splice(0).reverse()) ends.push(await Promise.allSettled([end()]));
  assert.deepEqual(ends.flat().flatMap(({ reason }) => reason ?? []), []);
  assert.deepEqual(errors.splice(0), []);
});

after(() => browser.close());

/** Prepares a guide's project, pastes its page, and starts its program. */
async function run(name, prepare = async () => {}) {
  const guide = await Guide.open(name);
  started.push(() => guide.stop());
  await prepare(guide);
  await guide.write("page/index.html", guide.block("html"));
  await guide.run(name);
  return guide;
}

/** Opens an address in a browser context of its own. */
async function open(url) {
  const context = await browser.createBrowserContext();
  started.push(() => context.close());
  const page = await context.newPage();
  page.on("pageerror", (error) => errors.push(error));
  await page.goto(url);
  return page;
}

/** Waits until the condition holds in the page. */
function holds(page, condition, ...args) {
  return page.waitForFunction(condition, { polling: 20, timeout: TIMEOUT_MS }, ...args);
}

function phase(page, name) {
  return holds(page, (name) => document.getElementById("status").textContent.startsWith(name), name);
}

/** Waits until the list has these items, each with its class after a bar if it has one. */
async function lists(page, ...items) {
  const read = () => [...document.querySelectorAll("#messages li")].map(({ className, textContent }) => `${textContent}${className && ` | ${className}`}`);
  try {
    await holds(page, (read, items) => JSON.stringify(Function(`return (${read})()`)()) === items, String(read), JSON.stringify(items));
  } catch {
    assert.deepEqual(await page.evaluate(read), items);
  }
}

async function say(page, name, text) {
  await page.$eval("#name", (input, name) => (input.value = name), name);
  await page.type("#text", text);
  await page.click("button");
}

test("README.md: the commands make a new project with the packed package", async () => {
  const guide = await Guide.read("README");
  started.push(() => guide.stop());
  await symlink(root, guide.path("push-wire"));
  await guide.shell({ "cargo xtask pkg": "true" });
  for (const file of ["src/main.rs", "page", "node_modules/push-wire/dist/index.js"]) await access(guide.path(`my-chat/${file}`));
  assert.match(await readFile(guide.path("my-chat/Cargo.toml"), "utf8"), /^\[dependencies\]\n$/m);
});

test("chat.md: messages survive a reload and a restart, and are sent once", async () => {
  const guide = await run("chat");
  const proxy = await HttpProxy.to(guide.program.port);
  started.push(() => proxy.close());
  const [ada, ben] = [await open(proxy.url), await open(guide.url)];
  await say(ada, "Ada", "one");
  await lists(ben, "Ada: one");
  await say(ben, "Ben", "two");
  await lists(ada, "Ada: one", "Ben: two");
  await say(ada, "Ada", " ");
  await holds(ada, () => document.getElementById("problem").textContent.includes("1 to 1,000 bytes"));
  await ada.reload();
  await lists(ada, "Ada: one", "Ben: two");

  // Ada's connection is cut, and her page is reloaded with a message that waits.
  proxy.onUpgrade = (_, socket) => !!socket.destroy();
  proxy.onRequest = ({ url }, response) => url.startsWith("/rps") && !!response.destroy();
  await ada.reload();
  await say(ada, "Ada", "three");
  await lists(ada, "Ada: three | waiting");
  await ada.reload();
  await lists(ada, "Ada: three | waiting");
  await guide.program.killAndRestart(() => phase(ben, "waiting"));
  [proxy.onUpgrade, proxy.onRequest] = [() => false, () => false];
  await Promise.all([ada, ben].map((page) => lists(page, "Ada: one", "Ben: two", "Ada: three")));

  // A message that is sent again.
  const again = await open(guide.url);
  await again.evaluate(async () => {
    const { connect } = await import("/push-wire/index.js");
    const client = connect("/rps", { storage: null });
    for (const id of ["four", "four", "five"]) await client.send("chat", { id, name: "Eve", text: id });
    client.close();
  });
  await lists(ben, "Ada: one", "Ben: two", "Ada: three", "Eve: four", "Eve: five");
});

/** Waits until the page's services have counted other requests than now. */
async function counts(page) {
  const read = () => [...document.querySelectorAll("#services tr")].map(({ cells: [, count] }) => Number(count.textContent));
  const before = await page.evaluate(read);
  await holds(page, (before) => [...document.querySelectorAll("#services tr")].some(({ cells: [, count] }, at) => Number(count.textContent) !== before[at]), before);
}

test("dashboard.md: values go on after a lost connection, in a tab that was hidden, and at a restarted server", async () => {
  const guide = await run("dashboard");
  const proxy = await Proxy.to(guide.program.port);
  started.push(() => proxy.close());
  const page = await open(proxy.url);
  await holds(page, () => document.querySelectorAll("#services polyline[points]").length === 3);
  assert.deepEqual(await page.$$eval("#services th", (names) => names.map(({ textContent }) => textContent)), ["web", "search", "mail"]);
  await phase(page, "connected by websocket");
  await counts(page);
  await holds(page, () => / values, [1-9]\d* of them as deltas/.test(document.getElementById("traffic").textContent));

  proxy.cut();
  await phase(page, "waiting, next attempt in ");
  assert.equal(await page.$eval("table", (table) => getComputedStyle(table).opacity), "0.4");
  proxy.restore();
  await phase(page, "connected");
  await counts(page);

  const front = await page.browserContext().newPage();
  await front.bringToFront();
  await holds(page, () => document.visibilityState === "hidden");
  proxy.cut();
  await phase(page, "offline");
  proxy.restore();
  await page.bringToFront();
  await phase(page, "connected");
  await counts(page);

  await guide.program.killAndRestart(() => phase(page, "waiting"));
  await phase(page, "connected");
  await counts(page);
});

test("document.md: an edit is received as a delta, also after a lost connection", async () => {
  const guide = await run("document", (guide) => guide.shell());
  const proxy = await Proxy.to(guide.program.port);
  started.push(() => proxy.close());
  const page = await open(proxy.url);
  await shows(page, "Line 1 of");
  const lines = Array.from({ length: 20_000 }, (_, at) => `Line ${at + 1} of the document.`);
  assert.equal(await page.$eval("#text", (text) => text.textContent), lines.map((line) => `${line}\n`).join(""));
  const edit = async (text) => {
    await guide.write("edited.md", text);
    // At once: the program must not read a half of it.
    await rename(guide.path("edited.md"), guide.path("document.md"));
  };
  const whole = await received(page);
  lines[500] = "a line that is edited";
  await edit(lines.join("\n"));
  await shows(page, "a line that is edited");

  proxy.cut();
  await phase(page, "waiting");
  lines[600] = "a line that is edited meanwhile";
  await edit(lines.join("\n"));
  proxy.restore();
  await shows(page, "a line that is edited meanwhile");
  assert.equal(await page.$eval("#text", (text) => text.textContent), lines.join("\n"));
  const deltas = (await received(page)) - whole;
  assert.ok(deltas < 1000, `two edits took ${deltas} bytes`);

  await guide.program.killAndRestart(() => phase(page, "waiting"));
  await phase(page, "connected");
  await edit("short");
  await holds(page, () => document.getElementById("text").textContent === "short");
  await rm(guide.path("document.md"));
  await shows(page, "document.md: No such file");
});

function shows(page, text) {
  return holds(page, (text) => document.getElementById("text").textContent.includes(text), text);
}

/** Bytes in which the document's versions came. */
function received(page) {
  return page.$eval("#traffic", ({ textContent }) => Number(textContent.match(/in (\d+) bytes$/)[1]));
}

test("nginx.md: WebSockets, and event streams where upgrades are not passed on", async () => {
  const guide = await run("nginx");
  const site = guide.path("site");
  await guide.shell({ "sudo ": "", "/srv/my-wall": site, "cargo run --release": "true" });
  const nginx = await Nginx.start(guide, site);
  started.push(() => nginx.stop());
  const page = await open(nginx.url);
  const write = async (text) => {
    await page.type("#text", text);
    await page.click("button");
  };
  await phase(page, "connected by websocket");
  await write("one");
  await lists(page, "one");

  await nginx.restartWithout(/proxy_set_header (Upgrade|Connection) /);
  await phase(page, "connected by sse");
  await write("two");
  await lists(page, "one", "two");
  await page.reload();
  await phase(page, "connected by sse");
  await lists(page, "one", "two");

  await guide.program.endAndRestart();
  await write("three");
  await lists(page, "three");
});

/** Pastes the guide of React, and starts the program of another guide. */
async function runReact(program) {
  const guide = await Guide.open("react");
  started.push(() => guide.stop());
  await guide.run(program);
  await guide.install();
  const config = guide.block("js", "`vite.config.mjs`");
  assert.match(config, /:4100"/);
  await guide.write("package.json", "{}");
  await guide.write("vite.config.mjs", config.replace(':4100"', `:${guide.program.port}"`));
  await guide.write("tsconfig.json", guide.block("json"));
  await guide.write("app/index.html", guide.block("html"));
  for (const name of ["main", "chat", "dashboard"]) await guide.write(`app/${name}.tsx`, guide.block("tsx", `\`app/${name}.tsx\``));
  return guide;
}

/** Settings of Vite with the guide's own, and the warnings that it writes. */
function vite(guide) {
  const warnings = [];
  // The proxy reports what it could not pass on to a server that has ended.
  const note = (message) => message.includes("proxy") || warnings.push(message);
  const customLogger = { info() {}, warn: note, warnOnce: note, error: note, clearScreen() {}, hasErrorLogged: () => false, hasWarned: false };
  return { warnings, root: guide.path("app"), configFile: guide.path("vite.config.mjs"), customLogger };
}

test("react.md: the chat in Vite's development server, built, and rendered on a server", async () => {
  const guide = await runReact("chat");
  const tsc = guide.path("node_modules/typescript/bin/tsc");
  await promisify(execFile)(process.execPath, [tsc, "-p", "."], { cwd: guide.folder }).catch(({ stdout }) => assert.fail(stdout));

  const { warnings, ...settings } = vite(guide);
  const server = await createServer({ ...settings, server: { host: "127.0.0.1", port: 0 } });
  started.push(() => server.close());
  await server.listen();
  const page = await open(server.resolvedUrls.local[0]);
  await phase(page, "connected");
  await say(page, "Ada", "one");
  await lists(page, "Ada: one");
  await say(page, "Ada", " ");
  await holds(page, () => document.getElementById("problem").textContent.includes("1 to 1,000 bytes"));
  await guide.program.killAndRestart(() => phase(page, "waiting"));
  await say(page, "Ada", "two");
  await lists(page, "Ada: one", "Ada: two");

  const { Chat } = await server.ssrLoadModule("/chat.tsx");
  assert.match(renderToString(createElement(Chat)), /<p id="status" role="status">idle<\/p><ol id="messages"><\/ol>/);

  await build(settings);
  const built = await open(guide.url);
  await lists(built, "Ada: one", "Ada: two");
  assert.deepEqual(warnings, []);
});

test("react.md: the dashboard", async () => {
  const guide = await runReact("dashboard");
  const main = guide.block("tsx", "`app/main.tsx`");
  await guide.write("app/main.tsx", main.replace("./chat", "./dashboard").replaceAll("Chat", "Dashboard"));
  const { warnings, ...settings } = vite(guide);
  await build(settings);
  const page = await open(guide.url);
  const rows = () => page.$$eval("tr", (rows) => rows.map(({ cells: [name, count] }) => [name.textContent, Number(count.textContent) > 0]));
  await holds(page, () => [...document.querySelectorAll("td")].filter(({ textContent }) => textContent > 0).length === 3);
  assert.deepEqual(await rows(), [["web", true], ["search", true], ["mail", true]]);
  assert.deepEqual(warnings, []);
});
