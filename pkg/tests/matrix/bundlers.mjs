// Rows of the bundlers: each builds the same page, which uses both entries, without a warning, and the browsers open it.
import { copyFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import resolve from "@rollup/plugin-node-resolve";
import * as esbuild from "esbuild";
import { rollup } from "rollup";
import { build, createServer } from "vite";
import webpack from "webpack";

const INDEX = `<!doctype html><title>page</title><link rel="icon" href="data:,"><script type="module" src="page.js"></script>`;

/** A page in a new folder; `wasm` is an expression for the URL of the module, `imports` what it needs. */
function page(lab, name, { imports = "", wasm, index = INDEX }) {
  const main = `${imports}import { showBoth } from "./page.mjs";\nshowBoth(${wasm});\n`;
  return lab.folder(name, { "index.html": index, "main.mjs": main });
}

/** A module with a client, which is replaced while the page runs. */
const HOT = `
import { connect } from "push-wire";
const client = connect("/rps", { storage: null });
client.status.subscribe(({ phase }) => document.documentElement.classList.add(phase));
import.meta.hot?.dispose(() => client.close());
import.meta.hot?.accept();
`;

/** What a Vite project writes. */
const vitePage = (lab, name, imports = "") =>
  page(lab, name, {
    imports: `import wasm from "push-wire/push-wire.wasm?url";\n${imports}`,
    wasm: "wasm",
    index: INDEX.replace("page.js", "/main.mjs"),
  });

function viteConfig(root, warnings) {
  // The proxy reports what it could not pass on to a page that has been closed.
  const note = (message) => message.includes("ws proxy") || warnings.push(message);
  const customLogger = { info() {}, warn: note, warnOnce: note, error: note, clearScreen() {}, hasErrorLogged: () => false, hasWarned: false };
  return { root, base: "./", configFile: false, customLogger };
}

function expectNone(warnings) {
  if (warnings.length > 0) throw new Error(`the bundler warns:\n${warnings.join("\n")}`);
}

/** Builds the page with esbuild into `dist` of a new folder. */
export async function buildWithEsbuild(lab, name, format = "esm") {
  const folder = await page(lab, name, { imports: 'import wasm from "push-wire/push-wire.wasm";\n', wasm: "new URL(wasm, document.baseURI)" });
  const { warnings } = await esbuild.build({
    entryPoints: { page: path.join(folder, "main.mjs") },
    bundle: true,
    minify: true,
    format,
    loader: { ".wasm": "file" },
    outdir: path.join(folder, "dist"),
    logLevel: "silent",
  });
  expectNone(warnings.map(({ text }) => text));
  await copyIndex(folder);
  return path.join(folder, "dist");
}

async function copyIndex(folder) {
  await copyFile(path.join(folder, "index.html"), path.join(folder, "dist/index.html"));
}

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
      const warnings = [];
      const root = await vitePage(lab, "vite-dev", 'import "./hot.js";\n');
      const hot = path.join(root, "hot.js");
      await writeFile(hot, HOT);
      const proxy = { "/rps": { target: lab.server, ws: true } };
      const server = await createServer({ ...viteConfig(root, warnings), server: { host: "127.0.0.1", port: 0, proxy } });
      await server.listen();
      try {
        const browsers = await lab.visit(server.resolvedUrls.local[0], { server: "/rps", after: (page) => replace(page, hot) });
        expectNone(warnings);
        return browsers;
      } finally {
        await server.close();
      }
    },
  },
  {
    host: "Vite 8, build",
    async run(lab) {
      const warnings = [];
      const root = await vitePage(lab, "vite-build");
      await build(viteConfig(root, warnings));
      expectNone(warnings);
      return lab.visitFolder(path.join(root, "dist"));
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
    host: "webpack 5",
    note: "`performance: { hints: false }`, or it warns of assets above 244 KiB",
    async run(lab) {
      const folder = await page(lab, "webpack", { wasm: 'new URL("push-wire/push-wire.wasm", import.meta.url)' });
      const compiler = webpack({
        mode: "production",
        context: folder,
        entry: { page: "./main.mjs" },
        output: { path: path.join(folder, "dist") },
        performance: { hints: false },
      });
      const stats = await promisify(compiler.run.bind(compiler))();
      const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
      expectNone([...errors, ...warnings].map(({ message }) => message));
      await promisify(compiler.close.bind(compiler))();
      await copyIndex(folder);
      return lab.visitFolder(path.join(folder, "dist"));
    },
  },
  {
    host: "esbuild",
    note: "`slim`: `--loader:.wasm=file`",
    async run(lab) {
      return lab.visitFolder(await buildWithEsbuild(lab, "esbuild"));
    },
  },
  {
    host: "Rollup 4",
    note: "`slim`: copy `push-wire.wasm` beside the page",
    async run(lab) {
      const warnings = [];
      const folder = await page(lab, "rollup", { wasm: 'new URL("push-wire.wasm", import.meta.url)' });
      const bundle = await rollup({
        input: { page: path.join(folder, "main.mjs") },
        plugins: [resolve({ browser: true })],
        onwarn: ({ message }) => warnings.push(message),
      });
      await bundle.write({ dir: path.join(folder, "dist"), format: "es", sourcemap: true });
      await bundle.close();
      expectNone(warnings);
      await copyIndex(folder);
      await lab.copyWasm(path.join(folder, "dist"));
      return lab.visitFolder(path.join(folder, "dist"));
    },
  },
];
