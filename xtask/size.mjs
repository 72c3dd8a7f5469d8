// Prints what a WebAssembly module weighs for a browser that loads it compressed, part by part, and the files of a package.
//
// A part's weight is what the compressed module loses when the bodies of the part's functions are emptied. A function that the
// compiler has put into its caller counts there: most of the session is in `driver`.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { brotli, print } from "./brotli.mjs";

const PARTS = [
  ["zstd", /compression::/],
  ["deltas", /push_wire_shared::delta::/],
  ["hash", /^(sha2|digest|block_buffer|<sha2)/],
  ["frames, fragments", /push_wire_shared::(fragment|frame)::/],
  ["control ops", /push_wire_shared::(encoding|session::op)/],
  ["sessions", /push_wire_shared::|client_wasm::driver/],
  ["allocator", /talc::|__rust_|__rustc/],
  ["page's calls and glue", /^engine_|^__|wasm_bindgen|client_wasm::|Engine/],
  ["collections, bytes", /./],
];
/** No part of the codec: what any module of a page has. */
const GLUE = new Set(["allocator", "page's calls and glue"]);

class Reader {
  constructor(bytes, at) {
    this.bytes = bytes;
    this.at = at;
  }

  byte() {
    return this.bytes[this.at++];
  }

  take(length) {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  varint() {
    let number = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      number += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return number;
    }
  }

  string() {
    return this.take(this.varint()).toString();
  }
}

const module = split(readFileSync(process.argv[2]));
const partOf = module.functions.map(({ name }) => PARTS.find(([, pattern]) => pattern.test(name))[0]);
const whole = compressed(() => false);
print("code of the whole module", sum(() => true), whole);
for (const [part] of PARTS) {
  const isOf = (at) => partOf[at] === part;
  print(`  ${part}`, sum(isOf), whole - compressed(isOf));
}
const isCodec = (at) => !GLUE.has(partOf[at]);
print("codec: all but the glue", sum(isCodec), whole - compressed(isCodec));
print("the same with its data", sum(isCodec) + module.data.length, whole - compressed(isCodec, Buffer.alloc(0)));

const [, , , dist] = process.argv;
for (const file of readdirSync(dist).filter((file) => /\.(js|wasm)$/.test(file))) {
  const bytes = readFileSync(path.join(dist, file));
  print(file, bytes.length, brotli(bytes));
}

function sum(counts) {
  return module.functions.reduce((total, { body }, at) => total + (counts(at) ? body.length : 0), 0);
}

/** Size of the module with the bodies of some functions emptied, and with this data. */
function compressed(empties, data = module.data) {
  // No locals, `unreachable`, `end`.
  const empty = Uint8Array.of(0, 0x00, 0x0b);
  const bodies = module.functions.map(({ body }, at) => (empties(at) ? empty : body));
  const code = [varint(bodies.length), ...bodies.flatMap((body) => [varint(body.length), body])];
  return brotli(Buffer.concat([module.before, section(10, Buffer.concat(code)), data]));
}

/** The module around its code, without custom sections; its data, which follows; and its functions, each with its name. */
function split(bytes) {
  const kept = { before: [bytes.subarray(0, 8)], data: [] };
  let bodies = [];
  let imported = 0;
  let names = new Map();
  for (const reader = new Reader(bytes, 8); reader.at < bytes.length; ) {
    const id = reader.byte();
    const content = new Reader(reader.take(reader.varint()), 0);
    if (id === 10) bodies = Array.from({ length: content.varint() }, () => content.take(content.varint()));
    else if (id === 0) names = content.string() === "name" ? functionNames(content) : names;
    else (bodies.length ? kept.data : kept.before).push(section(id, content.bytes));
    if (id === 2) imported = functionImports(content);
  }
  const functions = bodies.map((body, at) => ({ body, name: names.get(imported + at) ?? "?" }));
  return { before: Buffer.concat(kept.before), data: Buffer.concat(kept.data), functions };
}

function functionNames(content) {
  const FUNCTIONS = 1;
  while (content.at < content.bytes.length) {
    const id = content.byte();
    const names = new Reader(content.take(content.varint()), 0);
    if (id !== FUNCTIONS) continue;
    return new Map(Array.from({ length: names.varint() }, () => [names.varint(), names.string()]));
  }
  return new Map();
}

/** Number of imported functions; their indices precede those of the module's own. */
function functionImports(content) {
  const kinds = Array.from({ length: content.varint() }, () => {
    content.string();
    content.string();
    const kind = content.byte();
    if (kind !== 0) throw new Error("the module imports something else than functions");
    content.varint();
    return kind;
  });
  return kinds.length;
}

function section(id, content) {
  return Buffer.concat([Uint8Array.of(id), varint(content.length), content]);
}

function varint(number) {
  const bytes = [];
  for (; number > 0x7f; number >>>= 7) bytes.push((number & 0x7f) | 0x80);
  return Uint8Array.of(...bytes, number);
}
