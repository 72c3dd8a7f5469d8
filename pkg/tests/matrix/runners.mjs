// Rows of the test runners.
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import * as esbuild from "esbuild";

import { root } from "../../../tests/browser/program.mjs";
import { currentNode } from "./runtimes.mjs";

const VITEST = `
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import * as whole from "push-wire";
import * as slim from "push-wire/slim";
import { check } from "./check.mjs";

test("both entries", async () => {
  await slim.initWasm(await readFile(new URL(import.meta.resolve("push-wire/push-wire.wasm"))));
  for (const entry of [whole, slim]) expect(await check(entry, process.env.SERVER)).toBe("websocket");
});
`;

/** A test in CommonJS, as Jest runs it without settings. */
const JEST = `
const { readFile } = require("node:fs/promises");
const whole = require("push-wire");
const slim = require("push-wire/slim");
const { check } = require("./check.cjs");

test("both entries", async () => {
  await slim.initWasm(await readFile(require.resolve("push-wire/push-wire.wasm")));
  for (const entry of [whole, slim]) expect(await check(entry, process.env.SERVER)).toBe("websocket");
});
`;

/** The README's environment of Jest: pages, with the parts of the web that jsdom lacks. */
async function jestEnvironment() {
  const readme = await readFile(path.join(root, "pkg/README.md"), "utf8");
  return readme.match(/```js\n(\/\/ jest-environment\.cjs\n.*?)```/s)[1];
}

/** Runs a test of Jest in CommonJS, with these files and arguments more. */
async function runJest(lab, name, files, args) {
  const cwd = await lab.folder(name, { "package.json": "{}", "app.test.cjs": JEST, ...files });
  const check = await readFile(path.join(cwd, "check.mjs"), "utf8");
  const { code } = await esbuild.transform(check, { format: "cjs" });
  await writeFile(path.join(cwd, "check.cjs"), code);
  const jest = path.join(root, "node_modules/jest/bin/jest.js");
  const match = ["--rootDir", cwd, "--testMatch", "**/app.test.cjs", "--cacheDirectory", path.join(cwd, "cache")];
  await lab.run(currentNode, [jest, "--ci", ...match, ...args], { cwd, env: { SERVER: lab.server }, mayWarn: true });
  return "WebSocket";
}

export const ROWS = [
  {
    host: "Vitest 5",
    missing: currentNode === null,
    async run(lab) {
      await lab.link("vitest");
      const cwd = await lab.folder("vitest", { "app.test.mjs": VITEST, "package.json": '{ "type": "module" }' });
      const vitest = path.join(root, "node_modules/vitest/vitest.mjs");
      await lab.run(currentNode, [vitest, "run", "--root", cwd], { cwd, env: { SERVER: lab.server } });
      return "WebSocket";
    },
  },
  {
    host: "Jest 30",
    missing: currentNode === null,
    run: (lab) => runJest(lab, "jest", {}, []),
  },
  {
    host: "Jest 30 with jsdom",
    note: "`testEnvironment: \"./jest-environment.cjs\"`, below",
    missing: currentNode === null,
    async run(lab) {
      await lab.link("jest-environment-jsdom");
      return runJest(lab, "jest-jsdom", { "jest-environment.cjs": await jestEnvironment() }, ["--env", "./jest-environment.cjs"]);
    },
  },
];
