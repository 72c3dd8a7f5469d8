// Tests of the packed and installed package in every host that its README names, and of the README's table of them, which
// `WRITE_TABLE=1` writes.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import * as bundlers from "./bundlers.mjs";
import { Lab } from "./lab.mjs";
import * as pages from "./pages.mjs";
import * as runners from "./runners.mjs";
import * as runtimes from "./runtimes.mjs";
import { tableInReadme, tableOf, writeTable } from "./table.mjs";
import * as vite from "./vite.mjs";

const ROWS = [...vite.ROWS, ...bundlers.ROWS, ...pages.ROWS, ...runtimes.ROWS, ...runners.ROWS];

/** Result of each row that has passed, such as the names of the browsers, by its host. */
const seen = new Map();

let lab;

before(async () => {
  lab = await Lab.create();
});

after(() => lab?.close());

describe("hosts", { concurrency: 2 }, () => {
  for (const { host, missing = false, run } of ROWS) {
    test(host, { skip: missing && "not tested here: there is no such program for this system" }, async () => {
      seen.set(host, await run(lab));
    });
  }
});

test("the README has the table of the hosts", async (context) => {
  if (ROWS.some(({ missing }) => missing)) return context.skip("some hosts are not tested here");
  const table = tableOf(ROWS, seen);
  if (process.env.WRITE_TABLE) await writeTable(table);
  assert.equal(await tableInReadme(), table, "WRITE_TABLE=1 writes it");
});
