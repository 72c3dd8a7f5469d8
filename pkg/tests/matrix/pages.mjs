// Rows of pages without a bundler, of workers, and of pages under policies.
import path from "node:path";

import * as esbuild from "esbuild";

import { buildWithEsbuild } from "./bundlers.mjs";

const DIST = "/node_modules/push-wire/dist";

const IMPORT_MAP = JSON.stringify({
  imports: { "push-wire": `${DIST}/index.js`, "push-wire/slim": `${DIST}/slim.js`, "push-wire/push-wire.wasm": `${DIST}/push-wire.wasm` },
});

/** Checks of both entries in a worker, which has no import map. */
const WORKER_CHECKS = `
const checks = {
  whole: () => check(whole, server()),
  slim: async () => {
    await slim.initWasm(location.origin + "${DIST}/push-wire.wasm");
    return check(slim, server());
  },
};`;

const MODULE_WORKER = `
import * as whole from "${DIST}/index.js";
import * as slim from "${DIST}/slim.js";
import { check } from "./check.mjs";
import { outcomeOf, server } from "./outcome.mjs";
${WORKER_CHECKS}`;

const html = (script, head = "") =>
  `<!doctype html><title>page</title><link rel="icon" href="data:,">${head}<script type="module">${script}</script>`;

/** A page that shows the outcome of a worker, which `start` creates, listening at `port`. */
const workerPage = (start, port) =>
  html(`
import { show } from "./outcome.mjs";
show(() => new Promise((resolve) => {
  ${start}
  worker.onerror = (event) => resolve({ worker: { message: event.message ?? "it does not start" } });
  ${port}.onmessage = ({ data }) => resolve(data);
}));`);

/** Opens a folder's page, under the root of the installed package. */
async function visit(lab, name, files) {
  await lab.folder(name, files);
  return lab.visitFolder(lab.path("."), {}, { page: `${name}/` });
}

/** A content security policy of a page that may reach its own files and the backend alone. */
const policy = (lab, script) => ({
  "content-security-policy": `default-src 'none'; img-src data:; script-src ${script}; connect-src 'self' ${lab.server} ${lab.server.replace("http", "ws")}`,
});

/** The bundle of esbuild, which the pages under policies share. */
let built;
const bundle = (lab) => (built ??= buildWithEsbuild(lab, "policies"));

export const ROWS = [
  {
    host: "Import map, no bundler",
    note: '`slim`: `import.meta.resolve("push-wire/push-wire.wasm")`',
    async run(lab) {
      const head = `<script type="importmap">${IMPORT_MAP}</script>`;
      const script = 'import { showBoth } from "./page.mjs"; showBoth(import.meta.resolve("push-wire/push-wire.wasm"));';
      return visit(lab, "import-map", { "index.html": html(script, head) });
    },
  },
  {
    host: "Module worker",
    async run(lab) {
      return visit(lab, "module-worker", {
        "worker.js": `${MODULE_WORKER}\noutcomeOf(checks).then((outcome) => postMessage(outcome));`,
        "index.html": workerPage('const worker = new Worker("worker.js" + location.search, { type: "module" });', "worker"),
      });
    },
  },
  {
    host: "Classic worker",
    note: "a bundle in the format `iife`",
    async run(lab) {
      const folder = await lab.folder("classic-worker", {
        "worker.mjs": `${MODULE_WORKER}\noutcomeOf(checks).then((outcome) => postMessage(outcome));`.replaceAll(`${DIST}/index.js`, "push-wire").replaceAll(`${DIST}/slim.js`, "push-wire/slim"),
        "index.html": workerPage('const worker = new Worker("worker.js" + location.search);', "worker"),
      });
      const options = { bundle: true, format: "iife", logLevel: "silent" };
      const { warnings } = await esbuild.build({ ...options, entryPoints: [path.join(folder, "worker.mjs")], outfile: path.join(folder, "worker.js") });
      if (warnings.length > 0) throw new Error(warnings[0].text);
      return lab.visitFolder(lab.path("."), {}, { page: "classic-worker/" });
    },
  },
  {
    host: "SharedWorker",
    async run(lab) {
      return visit(lab, "shared-worker", {
        "worker.js": `${MODULE_WORKER}\nonconnect = ({ ports }) => outcomeOf(checks).then((outcome) => ports[0].postMessage(outcome));`,
        "index.html": workerPage('const worker = new SharedWorker("worker.js" + location.search, { type: "module" });', "worker.port"),
      });
    },
  },
  {
    host: "Strict Content-Security-Policy",
    note: "`script-src` with `'wasm-unsafe-eval'`",
    async run(lab) {
      return lab.visitFolder(await bundle(lab), policy(lab, "'self' 'wasm-unsafe-eval'"));
    },
  },
  {
    host: "The same without `'wasm-unsafe-eval'`",
    note: "`connect` and `initWasm` fail with `not_loaded`, and name the directive",
    async run(lab) {
      const judge = (outcome, browser) => {
        for (const [check, { code, message = "" }] of Object.entries(outcome)) {
          if (code !== "not_loaded" || !message.includes("add 'wasm-unsafe-eval' to its script-src")) throw new Error(`${browser}, ${check}: ${code}: ${message}`);
        }
      };
      return lab.visitFolder(await bundle(lab), policy(lab, "'self'"), { judge, allowed: /content.security.policy/i });
    },
  },
  {
    host: "Trusted Types",
    note: "`require-trusted-types-for 'script'; trusted-types 'none'`",
    async run(lab) {
      return lab.visitFolder(await bundle(lab), { "content-security-policy": "require-trusted-types-for 'script'; trusted-types 'none'" });
    },
  },
  {
    host: "Cross-origin isolated page",
    note: "COOP `same-origin`, COEP `require-corp`",
    async run(lab) {
      return lab.visitFolder(await bundle(lab), { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" });
    },
  },
];
