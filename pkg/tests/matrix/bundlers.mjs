// Rows of the bundlers: each builds the same page, which uses both entries, without a warning, and the browsers open it.
import { copyFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import resolve from "@rollup/plugin-node-resolve";
import * as esbuild from "esbuild";
import { rollup } from "rollup";
import webpack from "webpack";

export const INDEX = `<!doctype html><title>page</title><link rel="icon" href="data:,"><script type="module" src="page.js"></script>`;

/** A page in a new folder; `wasm` is an expression for the URL of the module, `imports` what it needs. `module` has the page's `showBoth`. */
export function page(lab, name, { imports = "", module = "./page.mjs", wasm, index = INDEX }) {
  const main = `${imports}import { showBoth } from "${module}";\nshowBoth(${wasm});\n`;
  return lab.folder(name, { "index.html": index, "main.mjs": main });
}

export function expectNone(warnings) {
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

export const ROWS = [
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
