// Test of the package's README: its TypeScript blocks compile together, in strict mode.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

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
