// Sizes of the built files, as a browser loads them: with brotli at level 11.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { brotliCompressSync, constants } from "node:zlib";

/** Growth that needs no change of pkg/sizes.json, as a share of the size. */
const TOLERANCE = 0.03;

const budgets = JSON.parse(readFileSync(new URL("../sizes.json", import.meta.url), "utf8"));

for (const [file, budget] of Object.entries(budgets)) {
  test(`${file} has not grown by more than 3 %`, () => {
    const bytes = readFileSync(new URL(`../dist/${file}`, import.meta.url));
    const params = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
    const size = brotliCompressSync(bytes, { params }).length;
    const most = Math.floor(budget * (1 + TOLERANCE));
    assert.ok(
      size <= most,
      `${file} is ${size} bytes with brotli, more than ${most}. Look for the cause with \`cargo xtask size\`; if it is worth its bytes, set ${file} in pkg/sizes.json to ${size}.`,
    );
  });
}
