// Rows of Vite, and of React, whose apps it builds.
import { writeFile } from "node:fs/promises";
import path from "node:path";

import react from "@vitejs/plugin-react";
import { build, createServer } from "vite";

import { expectNone, INDEX, page } from "./bundlers.mjs";

/** A module with a client, which is replaced while the page runs. */
const HOT = `
import { connect } from "push-wire";
const client = connect("/rps", { storage: null });
client.status.subscribe(({ phase }) => document.documentElement.classList.add(phase));
import.meta.hot?.dispose(() => client.close());
import.meta.hot?.accept();
`;

/** Makes a page with the imports of a Vite project. */
const vitePage = (lab, name, { imports = "", module } = {}) =>
  page(lab, name, {
    imports: `import wasm from "push-wire/push-wire.wasm?url";\n${imports}`,
    module,
    wasm: "wasm",
    index: INDEX.replace("page.js", "/main.mjs"),
  });

function viteConfig(root, warnings, settings) {
  // The proxy reports what it could not pass on to a page that has been closed.
  const note = (message) => message.includes("ws proxy") || warnings.push(message);
  const customLogger = { info() {}, warn: note, warnOnce: note, error: note, clearScreen() {}, hasErrorLogged: () => false, hasWarned: false };
  // A server writes what it has bundled into `cacheDir`, which is by default one folder for all rows.
  return { root, cacheDir: path.join(root, ".vite"), base: "./", configFile: false, customLogger, ...settings };
}

/** Opens the page of Vite's development server in the browsers, and calls `after` with it. */
async function visitServer(lab, root, { after, allowed, ...settings } = {}) {
  const warnings = [];
  const proxy = { "/rps": { target: lab.server, ws: true } };
  const server = await createServer({ ...viteConfig(root, warnings, settings), server: { host: "127.0.0.1", port: 0, proxy } });
  await server.listen();
  try {
    const browsers = await lab.visit(server.resolvedUrls.local[0], { server: "/rps", after, allowed });
    expectNone(warnings);
    return browsers;
  } finally {
    await server.close();
  }
}

/** Builds the page with Vite, and opens it in the browsers. */
async function visitBuild(lab, root, settings = {}) {
  const warnings = [];
  await build(viteConfig(root, warnings, settings));
  expectNone(warnings);
  return lab.visitFolder(path.join(root, "dist"));
}

/** Vite's limit is 500 kB: the main entry, which has the module inside, leaves 40 kB for the rest of a chunk. */
const LARGE = { build: { chunkSizeWarningLimit: 1000 } };
const LARGE_NOTE = "`build: { chunkSizeWarningLimit: 1000 }`, or it warns of chunks above 500 kB";

/** Changes the module that a page has, and waits until its client is closed and the next one connected. */
async function replace(page, module) {
  const has = (phase) => page.waitForFunction((name) => document.documentElement.classList.contains(name), { polling: 50 }, phase);
  await has("connected");
  await page.evaluate(() => (document.documentElement.className = ""));
  await writeFile(module, HOT.replace('"/rps"', `"/rps?${performance.now()}"`));
  await Promise.all([has("closed"), has("connected")]);
}

export const ROWS = [
  {
    host: "Vite 8, development server",
    note: "the server's path is forwarded, as above",
    async run(lab) {
      const root = await vitePage(lab, "vite-dev", { imports: 'import "./hot.js";\n' });
      const hot = path.join(root, "hot.js");
      await writeFile(hot, HOT);
      // Vite may replace the module twice for one write: Chromium logs the end of a client that was still connecting.
      const allowed = /WebSocket is closed before the connection is established/;
      return visitServer(lab, root, { after: (page) => replace(page, hot), allowed });
    },
  },
  {
    host: "Vite 8, build",
    note: LARGE_NOTE,
    async run(lab) {
      return visitBuild(lab, await vitePage(lab, "vite-build"), LARGE);
    },
  },
  {
    host: "Vite 8, server that renders pages",
    note: "a client with a relative URL is `idle`",
    async run(lab) {
      const warnings = [];
      const root = await lab.folder("vite-ssr", {
        "entry.mjs": 'import { connect } from "push-wire"; export const render = () => connect("/rps").status.value.phase;',
      });
      const server = await createServer({ ...viteConfig(root, warnings), server: { middlewareMode: true }, appType: "custom" });
      try {
        const { render } = await server.ssrLoadModule("/entry.mjs");
        if (render() !== "idle") throw new Error(`the client is ${render()}`);
      } finally {
        await server.close();
      }
      expectNone(warnings);
      return "Node.js";
    },
  },
  {
    host: "React 19 in Vite 8, development server and build",
    note: LARGE_NOTE,
    async run(lab) {
      await Promise.all(["react", "react-dom"].map((name) => lab.link(name)));
      const root = await vitePage(lab, "vite-react", { module: "./hooks.jsx" });
      const plugins = [react()];
      await visitServer(lab, root, { plugins });
      return visitBuild(lab, root, { plugins, ...LARGE });
    },
  },
];
