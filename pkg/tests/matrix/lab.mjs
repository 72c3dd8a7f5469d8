// Environment of all rows of the matrix: the installed package, the backend, and browsers.
import { execFile } from "node:child_process";
import { copyFile, cp, mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { launch, launchFirefox } from "../../../tests/browser/browser.mjs";
import { root } from "../../../tests/browser/program.mjs";
import { Fixture } from "../fixture.mjs";
import { Installed } from "../installed.mjs";
import { serveFolder } from "./site.mjs";

const run = promisify(execFile);
const app = fileURLToPath(new URL("app", import.meta.url));

/** Longest time of a program or a page, in milliseconds. */
const LIMIT = 60_000;

export class Lab {
  #backend;
  #browsers = {};
  #installed;
  #turns = new Turns();

  static async create() {
    const lab = new Lab();
    try {
      [lab.#installed, lab.#backend, lab.#browsers.Chromium, lab.#browsers.Firefox] = await Promise.all([
        Installed.create(),
        Fixture.start(),
        launch(),
        launchFirefox(),
      ]);
    } catch (error) {
      await lab.close();
      throw error;
    }
    lab.#backend.publishLog(["first line"]);
    lab.#backend.publish("document", ["a document"]);
    return lab;
  }

  async close() {
    await Promise.all(Object.values(this.#browsers).map((browser) => browser?.close()));
    await this.#backend?.stop();
    await this.#installed?.remove();
  }

  /** Address of the backend. */
  get server() {
    return `http://127.0.0.1:${this.#backend.port}`;
  }

  /** Path of the packed package. */
  get tarball() {
    return this.#installed.tarball;
  }

  /** The installed package's folder. */
  get package() {
    return this.#installed.path("node_modules/push-wire");
  }

  path(name) {
    return this.#installed.path(name);
  }

  /** Makes a folder beside the installed package, with the programs of `app` and files of these texts. */
  async folder(name, files) {
    const folder = this.path(name);
    await mkdir(folder);
    await cp(app, folder, { recursive: true });
    for (const [file, text] of Object.entries(files)) await writeFile(path.join(folder, file), text);
    return folder;
  }

  /** Makes a package of the repository's importable beside the installed one. */
  link(name) {
    return symlink(path.join(root, "node_modules", name), this.path(`node_modules/${name}`));
  }

  copyWasm(folder) {
    return copyFile(path.join(this.package, "dist/push-wire.wasm"), path.join(folder, "push-wire.wasm"));
  }

  /** Runs a program to its end. A program that fails, or prints errors, rejects. */
  async run(program, args, { cwd = this.path("."), env = {}, mayWarn = false } = {}) {
    const options = { cwd, env: { ...process.env, NODE_OPTIONS: "", ...env }, timeout: LIMIT };
    const { stdout, stderr } = await run(program, args, options).catch((error) => {
      throw new Error(`${program} ${args.join(" ")}\n${error.stdout}\n${error.stderr}`, { cause: error });
    });
    if (stderr !== "" && !mayWarn) throw new Error(`${program} ${args.join(" ")} prints errors:\n${stderr}`);
    return stdout;
  }

  /** Serves a folder with these headers, and opens its page `page` in both browsers: {@link visit}. */
  async visitFolder(folder, headers = {}, { page = "", ...expectation } = {}) {
    const site = await serveFolder(folder, headers);
    try {
      return await this.visit(site.url + page, expectation);
    } finally {
      site.close();
    }
  }

  /**
   * Opens a page in both browsers, and checks the outcome that it shows by `judge`: by default, each of its checks must have
   * used a WebSocket. The page connects to `server`, by default the backend. Errors and warnings in the console are failures,
   * except those that `allowed` matches. `after` is then called with the page. Returns the browsers' names.
   */
  async visit(url, { judge = judgeChecks, allowed, server = this.server, after = async () => {} } = {}) {
    for (const [name, browser] of Object.entries(this.#browsers)) {
      const page = await this.#turns.take(() => openAlone(browser));
      try {
        const complaints = [];
        const complain = (text) => allowed?.test(text) || complaints.push(text);
        page.on("pageerror", (error) => complain(String(error)));
        page.on("console", (message) => ["error", "warn"].includes(message.type()) && complain(message.text()));
        await page.goto(`${url}?server=${encodeURIComponent(server)}`);
        const shown = () => document.documentElement.dataset.outcome;
        const outcome = await page.waitForFunction(shown, { timeout: LIMIT, polling: 50 }).catch((error) => {
          throw new Error(`${name} shows no outcome: ${complaints.join("\n")}`, { cause: error });
        });
        judge(JSON.parse(await outcome.jsonValue()), name);
        await after(page);
        if (complaints.length > 0) throw new Error(`${name}'s console: ${complaints.join("\n")}`);
      } finally {
        await this.#turns.take(() => page.browserContext().close());
      }
    }
    return Object.keys(this.#browsers).join(", ");
  }
}

/** Opens a page in a browser context of its own. */
async function openAlone(browser) {
  const context = await browser.createBrowserContext();
  return context.newPage();
}

/** Queue of tasks that run one after the other: Firefox may discard a page that is opened while a browser context is closed. */
class Turns {
  #last = Promise.resolve();

  take(task) {
    const turn = this.#last.then(task);
    this.#last = turn.catch(() => {});
    return turn;
  }
}

function judgeChecks(outcome, browser) {
  for (const [check, { transport, message, stack }] of Object.entries(outcome)) {
    if (transport !== "websocket") throw new Error(`${browser}, ${check}: ${transport ?? `${message}\n${stack}`}`);
  }
}
