// Bundles the package's TypeScript into dist: each entry as an ES module and as a CommonJS module. `cargo xtask pkg` runs it.
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import * as esbuild from "esbuild";

const pkg = fileURLToPath(new URL(".", import.meta.url));
const ENTRIES = ["index", "slim", "own", "react"];
const MODULE_TEXT = "../engine/engine.text";

const { version } = JSON.parse(await readFile(`${pkg}package.json`, "utf8"));

const shared = {
  absWorkingDir: pkg,
  entryPoints: ENTRIES.map((name) => `src/${name}.ts`),
  bundle: true,
  external: ["react"],
  target: "es2022",
  loader: { ".text": "text" },
  define: { PACKAGE_VERSION: JSON.stringify(version) },
  minify: true,
  outdir: "dist",
  logLevel: "warning",
};

/** A source map without the module's text, which has no source to show. */
function withoutModule(text) {
  const map = JSON.parse(text);
  map.sourcesContent = map.sourcesContent.map((content, at) => (map.sources[at] === MODULE_TEXT ? null : content));
  return JSON.stringify(map);
}

const { outputFiles } = await esbuild.build({ ...shared, format: "esm", sourcemap: true, write: false });
for (const { path, text } of outputFiles) {
  await writeFile(path, path.endsWith(".map") ? withoutModule(text) : text);
}
await esbuild.build({ ...shared, format: "cjs", outExtension: { ".js": ".cjs" } });
for (const types of ["index.d.cts", "slim.d.cts", "own.d.cts", "react.d.cts", "push-wire.wasm.d.ts"]) await copyFile(`${pkg}src/${types}`, `${pkg}dist/${types}`);
await copyFile(`${pkg}src/push-wire.wasm.d.ts`, `${pkg}dist/push-wire.wasm.d.cts`);
