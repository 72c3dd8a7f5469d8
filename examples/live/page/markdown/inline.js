// Parser of emphasis, code and links inside a block, into DOM nodes.

const PATTERN = new RegExp(
  [
    /\\([\\`*_{}[\]()#+\-.!|<>~])/, // 1: an escaped mark
    /(`+)(.+?)(?<!`)\2(?!`)/, // 2, 3: code
    /(!?)\[((?:[^[\]]|\[[^\]]*\])*)\]\(\s*<?([^\s)>]*)>?[^)]*\)/, // 4, 5, 6: a link or an image
    /<((?:https?:\/\/|mailto:)[^\s>]+)>/, // 7: an address in angle brackets
    /\*\*(?=\S)(.+?)(?<=\S)\*\*/, // 8: strong
    /(?<![\w*])\*(?=[^\s*])(.+?)(?<=[^\s*])\*(?![\w*])/, // 9: emphasis
    /(?<!\w)_(?=[^\s_])(.+?)(?<=[^\s_])_(?!\w)/, // 10: emphasis
    /~~(?=\S)(.+?)(?<=\S)~~/, // 11: struck out
    /(https?:\/\/[^\s<>)\]]*[^\s<>)\].,;:!?'"])/, // 12: a bare address
  ]
    .map((part) => part.source)
    .join("|"),
  "gs",
);

/** A longer text is shown without emphasis and links: looking for their ends takes the square of its length. */
const MAX_CHARACTERS = 20_000;

/** The nodes of a text. */
export function inline(text) {
  if (text.length > MAX_CHARACTERS) return [text];
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(PATTERN)) {
    if (match.index > at) nodes.push(text.slice(at, match.index));
    nodes.push(node(match));
    at = match.index + match[0].length;
  }
  if (at < text.length) nodes.push(text.slice(at));
  return nodes;
}

function node(match) {
  const [whole, escaped, ticks, code, image, words, target, address, strong, star, line, struck, bare] = match;
  if (escaped !== undefined) return escaped;
  if (ticks !== undefined) return wrap("code", [code.replace(/\n/g, " ").replace(/^ (.+) $/, "$1")]);
  if (target !== undefined) return link(target, image ? [`[${words}]`] : inline(words), whole);
  if (address !== undefined) return link(address, [address], whole);
  if (strong !== undefined) return wrap("strong", inline(strong));
  if (struck !== undefined) return wrap("s", inline(struck));
  if (bare !== undefined) return link(bare, [bare], whole);
  return wrap("em", inline(star ?? line));
}

/**
 * A link to the web or a mail address. A path leads to a file that this page does not serve: it is shown, and named
 * when pointed at. Of any other address the source is shown.
 */
function link(target, children, source) {
  if (/^(https?:|mailto:)/i.test(target)) {
    const made = wrap("a", children);
    made.setAttribute("href", target);
    made.rel = "noopener noreferrer";
    made.target = "_blank";
    return made;
  }
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return source;
  const made = wrap("span", children);
  made.className = "path";
  made.title = target;
  return made;
}

function wrap(name, children) {
  const made = document.createElement(name);
  made.append(...children);
  return made;
}
