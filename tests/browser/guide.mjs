// The project of a guide (docs/guides): its page from the Markdown in a folder of its own, and its program, whose source is
// compared with the Markdown by tests/documents/guides.rs.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { Program, root } from "./program.mjs";

export class Guide {
  /** The project's folder. */
  folder = "";
  /** The running program. */
  program;
  #text = "";

  /** Reads a guide, and makes an empty folder. */
  static async read(name) {
    const guide = new Guide();
    guide.#text = await readFile(path.join(root, `docs/guides/${name}.md`), "utf8");
    guide.folder = await mkdtemp(path.join(tmpdir(), `push-wire-${name}-`));
    return guide;
  }

  /** Makes the guide's project in a new folder, with the npm package. */
  static async open(name) {
    const guide = await Guide.read(name);
    // The files that `npm install` of the packed package writes.
    for (const part of ["package.json", "dist"]) {
      await cp(path.join(root, "pkg", part), guide.path(`node_modules/push-wire/${part}`), { recursive: true });
    }
    return guide;
  }

  /** Starts the program `guide-name` in the folder. */
  async run(name) {
    this.program = await Program.start(`guide-${name}`, (address) => [address], this.folder);
  }

  /** Address of the page, without a slash at its end. */
  get url() {
    return `http://127.0.0.1:${this.program.port}`;
  }

  /** The first code block of this language, after `mark`. */
  block(language, mark = "") {
    const after = this.#text.slice(this.#text.indexOf(mark));
    const [, block] = after.match(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "ms")) ?? [];
    if (block === undefined) throw new Error(`the guide has no block \`\`\`${language}`);
    return block;
  }

  /** Runs the guide's shell commands in the project's folder, with these parts of their text replaced. */
  async shell(changes = {}) {
    let commands = this.block("sh");
    for (const [from, to] of Object.entries(changes)) {
      if (!commands.includes(from)) throw new Error(`the guide's shell commands have no "${from}"`);
      commands = commands.replaceAll(from, () => to);
    }
    const env = { ...process.env, npm_config_audit: "false", npm_config_fund: "false", npm_config_offline: "true" };
    await promisify(execFile)("sh", ["-euc", commands], { cwd: this.folder, env });
  }

  /** Links the packages that the guide installs into the project: the repository's tests have them. */
  async install() {
    const commands = this.block("sh").match(/(?<=^npm install ).*/gm);
    const packages = commands.flatMap((words) => words.split(" ")).filter((word) => !word.startsWith("-"));
    for (const name of packages) {
      const places = ["pkg", "."].map((folder) => path.join(root, folder, "node_modules", name));
      const link = this.path(`node_modules/${name}`);
      await mkdir(path.dirname(link), { recursive: true });
      const place = places.find((place) => existsSync(place));
      if (place === undefined) throw new Error(`the guide installs ${name}, which the repository's tests have not`);
      await symlink(place, link);
    }
  }

  path(name) {
    return path.join(this.folder, name);
  }

  async write(name, text) {
    await mkdir(path.dirname(this.path(name)), { recursive: true });
    await writeFile(this.path(name), text);
  }

  async stop() {
    await this.program?.stop();
    await rm(this.folder, { recursive: true });
  }
}
