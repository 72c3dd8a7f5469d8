// Tests of the live page's Markdown parser, without a browser.
import assert from "node:assert/strict";
import { test } from "node:test";

import { blocks } from "../../examples/live/page/markdown/blocks.js";

const paragraph = (text) => ({ kind: "paragraph", text });

test("headings, rules and paragraphs separate blocks", () => {
  assert.deepEqual(blocks("# One #\ntwo\nthree\n\n---\nfour\n"), [
    { kind: "heading", level: 1, text: "One" },
    paragraph("two\nthree"),
    { kind: "rule" },
    paragraph("four"),
  ]);
});

test("code keeps its lines, also in an unclosed fence", () => {
  assert.deepEqual(blocks("```rust\n# not a heading\n\n  x\n```\nafter"), [
    { kind: "code", language: "rust", text: "# not a heading\n\n  x" },
    paragraph("after"),
  ]);
  assert.deepEqual(blocks("````\n```\nopen"), [{ kind: "code", language: "", text: "```\nopen" }]);
});

test("lists nest, are numbered and keep continued lines", () => {
  const [list] = blocks("3. one\n   more\n4. two\n   - inner\n   - second\n");
  assert.equal(list.kind, "list");
  assert.equal(list.start, 3);
  assert.deepEqual(list.items[0], [paragraph("one\nmore")]);
  assert.deepEqual(list.items[1], [
    paragraph("two"),
    { kind: "list", ordered: false, start: 1, items: [[paragraph("inner")], [paragraph("second")]] },
  ]);
});

test("table cells are separated by bars outside of code", () => {
  assert.deepEqual(blocks("| a | b |\n|---|:-:|\n| `x|y` | c \\| d |\n| 1 | |\n\nafter"), [
    {
      kind: "table",
      head: ["a", "b"],
      rows: [
        ["`x|y`", "c | d"],
        ["1", ""],
      ],
    },
    paragraph("after"),
  ]);
});

test("quotes contain blocks", () => {
  assert.deepEqual(blocks("> # a\n> b\nc"), [
    { kind: "quote", blocks: [{ kind: "heading", level: 1, text: "a" }, paragraph("b")] },
    paragraph("c"),
  ]);
});

test("any text can be parsed", () => {
  for (const text of ["", "\n\n", "- ", "|", "||\n|-|", ">", "1)", "`".repeat(5000), "- ".repeat(100_000), "> ".repeat(100_000), "*".repeat(5000)]) {
    assert.ok(Array.isArray(blocks(text)));
  }
});
