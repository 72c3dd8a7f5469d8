// Tests of the package's README: its TypeScript blocks compile together, in strict mode, and its module for Node.js runs.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { WebSocket } from "ws";

import { Installed } from "./installed.mjs";

const repository = fileURLToPath(new URL("../..", import.meta.url));

test("the README's code compiles", async () => {
  const readme = await readFile(path.join(repository, "pkg/README.md"), "utf8");
  const blocks = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, block]) => block);
  const installed = await Installed.create();
  try {
    await installed.write("readme.ts", blocks.join("\n"));
    const tsc = path.join(repository, "node_modules/typescript/bin/tsc");
    const options = ["--noEmit", "--strict", "--module", "esnext", "--moduleResolution", "bundler", "--target", "es2022"];
    await promisify(execFile)(process.execPath, [tsc, ...options, "--types", "", "readme.ts"], { cwd: installed.folder });
  } catch (error) {
    throw new Error(error.stdout, { cause: error });
  } finally {
    await installed.remove();
  }
});

test("the README's module for Node.js loads the engine", async () => {
  const readme = await readFile(path.join(repository, "pkg/README.md"), "utf8");
  const [, block] = readme.match(/```js\n(.*?)```/s);
  const installed = await Installed.create();
  try {
    await installed.write("slim.mjs", `${block}\nexport { connect };`);
    const { connect } = await installed.import("slim.mjs");
    const client = connect("http://127.0.0.1:9/", { storage: null, WebSocket });
    client.close();
  } finally {
    await installed.remove();
  }
});
