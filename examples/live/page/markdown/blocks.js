// Parser of Markdown into blocks, which are plain data, so that two versions of a text can be compared block by block.

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*(\S*)/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const RULE = /^ {0,3}([-*_])(\s*\1){2,}\s*$/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const TABLE_RULE = /^ {0,3}\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

/** Blocks deeper inside of others than this are shown as text. */
const MAX_DEPTH = 12;

/** [{ kind: "heading" | "paragraph" | "code" | "quote" | "list" | "table" | "rule", … }] */
export function blocks(text, depth = 0) {
  if (depth > MAX_DEPTH) return [{ kind: "paragraph", text }];
  const lines = text.split(/\r?\n/);
  const found = [];
  let at = 0;
  while (at < lines.length) {
    if (lines[at].trim() === "") {
      at += 1;
      continue;
    }
    const [block, next] = readBlock(lines, at, depth);
    found.push(block);
    at = next;
  }
  return found;
}

function readBlock(lines, at, depth) {
  const line = lines[at];
  if (FENCE.test(line)) return readCode(lines, at);
  const heading = HEADING.exec(line);
  if (heading) return [{ kind: "heading", level: heading[1].length, text: heading[2] }, at + 1];
  if (RULE.test(line)) return [{ kind: "rule" }, at + 1];
  if (/^ {0,3}>/.test(line)) return readQuote(lines, at, depth);
  if (ITEM.test(line)) return readList(lines, at, depth);
  if (startsTable(lines, at)) return readTable(lines, at);
  return readParagraph(lines, at);
}

function readCode(lines, at) {
  const [, fence, language] = FENCE.exec(lines[at]);
  const closing = new RegExp(`^ {0,3}${fence[0]}{${fence.length},}\\s*$`);
  let end = at + 1;
  while (end < lines.length && !closing.test(lines[end])) end += 1;
  return [{ kind: "code", language, text: lines.slice(at + 1, end).join("\n") }, end + 1];
}

function readQuote(lines, at, depth) {
  let end = at;
  while (end < lines.length && /^ {0,3}>/.test(lines[end])) end += 1;
  const inner = lines.slice(at, end).map((line) => line.replace(/^ {0,3}> ?/, ""));
  return [{ kind: "quote", blocks: blocks(inner.join("\n"), depth + 1) }, end];
}

/** A list's items: each has its own lines as text and, indented below it, blocks of its own. */
function readList(lines, at, depth) {
  const [, indent, marker] = ITEM.exec(lines[at]);
  const ordered = /\d/.test(marker);
  const items = [];
  let end = at;
  while (end < lines.length) {
    const item = ITEM.exec(lines[end]);
    if (!item || item[1].length !== indent.length || /\d/.test(item[2]) !== ordered) break;
    const own = [item[3]];
    const margin = lines[end].length - item[3].length;
    end += 1;
    while (end < lines.length && belongs(lines, end, indent.length)) {
      own.push(lines[end].slice(Math.min(margin, lines[end].search(/\S|$/))));
      end += 1;
    }
    items.push(blocks(own.join("\n"), depth + 1));
    while (lines[end] === "" && ITEM.exec(lines[end + 1] ?? "")?.[1].length === indent.length) end += 1;
  }
  return [{ kind: "list", ordered, start: ordered ? parseInt(marker, 10) : 1, items }, end];
}

/** Returns whether a line continues the item above it: deeper than the item, or the rest of its sentence. */
function belongs(lines, at, indent) {
  const line = lines[at];
  const depth = line.search(/\S/);
  if (depth < 0) return lines[at + 1] !== undefined && lines[at + 1].search(/\S/) > indent;
  if (depth > indent) return true;
  return lines[at - 1].trim() !== "" && !startsBlock(lines, at);
}

function startsTable(lines, at) {
  return lines[at].includes("|") && TABLE_RULE.test(lines[at + 1] ?? "") && lines[at + 1].includes("-");
}

function readTable(lines, at) {
  let end = at + 2;
  while (end < lines.length && lines[end].includes("|") && lines[end].trim() !== "") end += 1;
  const rows = lines.slice(at + 2, end).map(cells);
  return [{ kind: "table", head: cells(lines[at]), rows }, end];
}

/** The cells of a row; a bar inside code or after a backslash does not part cells. */
function cells(line) {
  const inner = line.trim().replace(/^\|/, "").replace(/\|$/, "");
  const found = inner.match(/(?:`[^`]*`|\\.|[^|`\\]|[`\\])+|(?<=\||^)(?=\||$)/g) ?? [];
  return found.map((cell) => cell.trim().replace(/\\\|/g, "|"));
}

function readParagraph(lines, at) {
  let end = at + 1;
  while (end < lines.length && lines[end].trim() !== "" && !startsBlock(lines, end)) end += 1;
  return [{ kind: "paragraph", text: lines.slice(at, end).map((line) => line.trim()).join("\n") }, end];
}

function startsBlock(lines, at) {
  const line = lines[at];
  return (
    FENCE.test(line) ||
    HEADING.test(line) ||
    RULE.test(line) ||
    /^ {0,3}>/.test(line) ||
    ITEM.test(line) ||
    startsTable(lines, at)
  );
}
