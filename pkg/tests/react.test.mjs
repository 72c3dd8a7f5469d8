// Tests of the installed React entry, with React's development build and StrictMode in Chromium, and with its renderer for servers.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, readFile } from "node:fs/promises";
import path from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import * as esbuild from "esbuild";

import { launch } from "../../tests/browser/browser.mjs";
import { Program } from "../../tests/browser/program.mjs";
import { Fixture } from "./fixture.mjs";
import { Installed } from "./installed.mjs";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const modules = path.join(repository, "node_modules");
const EVERY = ["one", "two", "page", "phase", "absent"];

let installed;
let script;
let browser;
let backend;
let page;
let complaints;

before(async () => {
  [installed, browser, backend] = await Promise.all([Installed.create(), launch(), Fixture.start()]);
  await copyFile(fileURLToPath(new URL("react-app.tsx", import.meta.url)), installed.path("app.tsx"));
  [{ outputFiles: [{ text: script }] }] = await Promise.all([
    bundle({ entryPoints: [installed.path("app.tsx")], format: "iife", write: false }),
    installed.write("server.tsx", SERVER),
  ]);
});

beforeEach(async () => {
  const context = await browser.createBrowserContext();
  page = await context.newPage();
  complaints = [];
  page.on("console", (message) => /^(error|warn)/.test(message.type()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(`${backend.url}empty.html`);
  await page.addScriptTag({ content: script });
});

afterEach(() => page.browserContext().close());

after(async () => {
  await browser?.close();
  await backend?.stop();
  await installed?.remove();
});

function bundle(options) {
  const define = { "process.env.NODE_ENV": '"development"' };
  return esbuild.build({ bundle: true, jsx: "automatic", nodePaths: [modules], define, logLevel: "error", ...options });
}

const render = (...first) => page.evaluate((first) => window.test.render(first), first);
const show = (...shown) => page.evaluate((shown) => window.test.show(shown), shown);

/** Waits until a list has these items. */
async function lists(id, ...items) {
  const read = (id) => [...document.querySelectorAll(`#${id} li`)].map(({ textContent }) => textContent);
  const last = (id, last) => document.querySelector(`#${id} li:last-child`)?.textContent === last;
  await page.waitForFunction(last, { polling: 20 }, id, items.at(-1));
  assert.deepEqual(await page.evaluate(read, id), items);
}

function text(id, wanted) {
  return page.waitForFunction((id, wanted) => document.getElementById(id)?.textContent === wanted, { polling: 20 }, id, wanted);
}

/** Number of entries that the client has been given. */
const entriesRead = () => page.evaluate(() => window.pushWire.stats.value.entries);

let number = 0;

/** Publishes lines that no other test has, and returns them. */
function publish(count) {
  const lines = Array.from({ length: count }, () => `line ${++number}`);
  backend.publishLog(lines);
  return lines;
}

test("two components show one log, and a later one its whole list", async () => {
  const lines = publish(7);
  await render("one", "phase");
  await lists("one", ...lines.slice(-5));
  await text("phase", "connected");
  await show("one", "two", "phase");
  await lists("two", ...lines.slice(-2));
  const [next] = publish(1);
  await lists("one", ...lines.slice(-4), next);
  await lists("two", lines.at(-1), next);
  assert.deepEqual(complaints, []);
});

test("options written inline cause no new subscription", async () => {
  const lines = publish(5);
  await render("one");
  await lists("one", ...lines);
  const read = await entriesRead();
  const [next] = publish(1);
  await lists("one", ...lines.slice(-4), next);
  assert.equal(await entriesRead(), read + 1);
  const renders = await page.evaluate(() => window.test.renders.one);
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  assert.equal(await page.evaluate(() => window.test.renders.one), renders);
});

test("entries that arrive together are rendered together", async () => {
  await render("one", "phase");
  await text("phase", "connected");
  const before = await page.evaluate(() => window.test.renders.one);
  const lines = publish(500);
  await lists("one", ...lines.slice(-5));
  const renders = (await page.evaluate(() => window.test.renders.one)) - before;
  assert.ok(renders < 250, `${renders} renders, two for each message in StrictMode`);
});

test("a component that is mounted again soon reads nothing again", async () => {
  const lines = publish(5);
  await render("one");
  await lists("one", ...lines);
  const read = await entriesRead();
  await show();
  await show("one");
  await lists("one", ...lines);
  assert.equal(await entriesRead(), read);
  await show();
  await page.waitForFunction(() => document.querySelectorAll("#one").length === 0);
  await page.evaluate(() => window.test.pass());
  await show("one");
  await lists("one", ...lines);
  assert.ok((await entriesRead()) >= read + lines.length, "the log is read from its start");
});

test("a changed topic begins with an empty list", async () => {
  const say = (room, text) => page.evaluate((value) => window.pushWire.send("room", value), { room, name: "Ada", text });
  await render("lobby");
  await say("lobby", "to the lobby");
  await say("garden", "to the garden");
  await lists("room", "to the lobby");
  await show("garden");
  await lists("room", "to the garden");
  assert.deepEqual(complaints, []);
});

test("documents share their value", async () => {
  await render("page");
  backend.publish("document", ["first"]);
  await text("page", "first");
  await show("page", "page-two");
  await text("page-two", "first");
  backend.publish("document", ["second"]);
  await Promise.all([text("page", "second"), text("page-two", "second")]);
  assert.deepEqual(complaints, []);
});

test("the server's end of a stream is an error value", async () => {
  await render("nowhere", "page");
  await text("nowhere", "unknown_channel: nowhere is not read: no channel named nowhere");
  assert.match(complaints.join(), /nowhere is not read/);
});

test("a wrong argument is thrown to the error boundary", async () => {
  await render("wrong", "page");
  await text("caught", "topic is 7; it must be a string");
});

test("a suspended component continues with the list", async () => {
  const lines = publish(5);
  await render("one", "suspended");
  await lists("one", ...lines);
  assert.ok(await page.$("#waiting"));
  await page.evaluate(() => window.test.resume());
  await text("suspended", "5");
  assert.deepEqual(complaints, []);
});

test("a closed client leaves the page as it is", async () => {
  const lines = publish(5);
  await render("one", "phase");
  await lists("one", ...lines);
  await page.evaluate(() => window.pushWire.close());
  await text("phase", "closed");
  await lists("one", ...lines);
  await show("one", "page-two", "phase");
  await text("page-two", "none");
  assert.match(complaints.join(), /closed/);
});

test("a page of a server is hydrated without mismatch", async () => {
  const outfile = installed.path("server.mjs");
  await bundle({ entryPoints: [installed.path("server.tsx")], format: "esm", platform: "node", banner: REQUIRE, outfile });
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [outfile, ...EVERY], { timeout: 30_000 });
  assert.equal(stderr, "");
  assert.match(stdout, /<p id="phase">idle<\/p>/);
  assert.match(stdout, /<p id="absent">0 undefined idle<\/p>/);
  const lines = publish(5);
  await page.evaluate((html, first) => window.test.hydrate(html, first), stdout, EVERY);
  await text("phase", "connected");
  await lists("one", ...lines);
  assert.deepEqual(await page.evaluate(() => window.test.errors), []);
  assert.deepEqual(complaints, []);
});

test("the README's chat runs, and its code compiles", async () => {
  const readme = await readFile(path.join(repository, "pkg/README.md"), "utf8");
  const [chat, useClient] = [...readme.matchAll(/```tsx\n(.*?)```/gs)].map(([, block]) => block);
  await installed.write("chat.tsx", chat);
  await installed.write("client.tsx", `${AROUND}${useClient}`);
  await Promise.all([compile("chat.tsx"), compile("client.tsx")]).catch(({ stdout }) => assert.fail(stdout));
  const { outputFiles } = await bundle({ entryPoints: [installed.path("chat.tsx")], format: "iife", write: false });
  const server = await Program.start("chat", (address) => [address], path.join(repository, "examples/chat"));
  try {
    await page.goto(`http://127.0.0.1:${server.port}/style.css`);
    await page.setContent('<div id="root"></div>');
    await page.addScriptTag({ content: outputFiles[0].text });
    await page.type("input", "hello");
    await page.keyboard.press("Enter");
    await lists("root", "me: hello");
    // A style sheet has no icon.
    assert.deepEqual(complaints.filter((text) => !text.startsWith("Failed to load resource")), []);
  } finally {
    await server.stop();
  }
});

/** Declarations that the README's hook uses. */
const AROUND = `
import { useEffect, useState } from "react";
import { connect, type Client } from "push-wire";
interface Channels { chat: string }
declare function tokenOf(user: string): Promise<string>;
`;

test("the app's types are checked with those of React", async () => {
  await installed.write("wrong.tsx", WRONG);
  const { stdout } = await compile("wrong.tsx").then(() => assert.fail("wrong calls were compiled"), (error) => error);
  const lines = [...stdout.matchAll(/^wrong\.tsx\((\d+),/gm)].map(([, line]) => Number(line));
  assert.deepEqual(lines, WRONG.split("\n").flatMap((line, at) => (line.includes("// wrong") ? [at + 1] : [])), stdout);
  await compile("app.tsx").catch(({ stdout }) => assert.fail(stdout));
});

const SERVER = `
import { renderToString } from "react-dom/server";
import { App } from "./app.tsx";
process.stdout.write(renderToString(<App first={process.argv.slice(2)} />));
`;

/** React's renderer for servers requires modules of Node. */
const REQUIRE = { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' };

const WRONG = `
import { connect, type Channel } from "push-wire";
import { useChannel, useDocument, usePushStatus } from "push-wire/react";
const client = connect<{ chat: Channel<{ text: string }, string>; page: string; report: Channel<never, number> }>("/rps");
export function View() {
  useChannel(client, "chatt"); // wrong
  useChannel(client, "report"); // wrong
  useChannel(client, "chat", { persist: true }); // wrong
  useDocument(client, "page").value?.toFixed(); // wrong
  usePushStatus(client).phase satisfies "open"; // wrong
  const { entries } = useChannel(client, "chat", { topic: undefined });
  const any = useChannel(connect("/rps"), "anything").entries;
  return <p>{entries[0]?.value.text}{entries[0]?.value.txt /* // wrong */}{any[0]?.value.anything}</p>;
}
`;

async function compile(file) {
  const options = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--skipLibCheck", "false", "--jsx", "react-jsx", "--module", "esnext"];
  const more = ["--moduleResolution", "bundler", "--target", "esnext", "--types", "", "--lib", "esnext,dom"];
  const tsconfig = { compilerOptions: { paths: { "react": [`${modules}/@types/react`], "react/*": [`${modules}/@types/react/*`], "react-dom/*": [`${modules}/@types/react-dom/*`] } }, files: [file] };
  const name = `tsconfig.${file}.json`;
  await installed.write(name, JSON.stringify(tsconfig));
  const tsc = path.join(modules, "typescript/bin/tsc");
  await promisify(execFile)(process.execPath, [tsc, "-p", name, ...options, ...more], { cwd: installed.folder });
}
