// The npm package, packed and installed into a temporary folder as users install it, and helpers of its tests.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const pkg = fileURLToPath(new URL("..", import.meta.url));

export class Installed {
  folder = "";
  /** Path of the packed package. */
  tarball = "";

  static async create() {
    const installed = new Installed();
    installed.folder = await mkdtemp(path.join(tmpdir(), "push-wire-installed-"));
    await installed.write("package.json", '{ "type": "module", "private": true }');
    const { stdout } = await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", installed.folder], {
      cwd: pkg,
    });
    const [{ filename }] = JSON.parse(stdout);
    installed.tarball = installed.path(filename);
    await run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--offline", `./${filename}`], {
      cwd: installed.folder,
    });
    return installed;
  }

  path(name) {
    return path.join(this.folder, name);
  }

  async write(name, text) {
    await writeFile(this.path(name), text);
  }

  /** Imports one of the folder's modules. */
  import(name) {
    return import(pathToFileURL(this.path(name)));
  }

  async remove() {
    await rm(this.folder, { recursive: true });
  }
}

/** Resolves with the first value of an observable for which `wanted` returns true. */
export function until(observable, wanted) {
  return new Promise((resolve) => {
    let end = () => {};
    let found = false;
    end = observable.subscribe((value) => {
      if (found || !wanted(value)) return;
      found = true;
      end();
      resolve(value);
    });
    if (found) end();
  });
}

/** A web storage in memory. */
export class MemoryStorage {
  #items;

  constructor(items = []) {
    this.#items = new Map(items);
  }

  /** A copy, as a duplicated tab gets it. */
  copy() {
    return new MemoryStorage(this.#items);
  }

  getItem(key) {
    return this.#items.get(key) ?? null;
  }

  setItem(key, value) {
    this.#items.set(key, value);
  }

  removeItem(key) {
    this.#items.delete(key);
  }
}
