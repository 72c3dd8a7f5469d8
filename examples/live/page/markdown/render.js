// Renderer of Markdown blocks into elements. Text is inserted as text only: no input is parsed as HTML.
import { inline } from "./inline.js";

/** One element for one block of `blocks()`. */
export function render(block) {
  return RENDERERS[block.kind](block);
}

const RENDERERS = {
  heading: ({ level, text }) => element(`h${level}`, inline(text)),
  paragraph: ({ text }) => element("p", inline(text)),
  code: ({ text }) => element("pre", [element("code", [text])]),
  quote: ({ blocks }) => element("blockquote", blocks.map(render)),
  rule: () => element("hr", []),
  list: ({ ordered, start, items }) => {
    const list = element(ordered ? "ol" : "ul", items.map((item) => element("li", itemContent(item))));
    if (ordered) list.start = start;
    return list;
  },
  table: ({ head, rows }) => {
    const row = (cells, name) => element("tr", cells.map((cell) => element(name, inline(cell))));
    const table = element("table", [
      element("thead", [row(head, "th")]),
      element("tbody", rows.map((cells) => row(cells, "td"))),
    ]);
    const frame = element("div", [table]);
    frame.className = "table";
    return frame;
  },
};

/** An item whose only text is one paragraph shows it without a paragraph's margins. */
function itemContent(blocks) {
  const [first, ...rest] = blocks;
  if (first?.kind !== "paragraph") return blocks.map(render);
  return [...inline(first.text), ...rest.map(render)];
}

function element(name, children) {
  const made = document.createElement(name);
  made.append(...children);
  return made;
}
