// The project of a guide (docs/guides): its page from the Markdown in a folder of its own, and its program, whose source is
// compared with the Markdown by tests/documents/guides.rs.
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { Program, root } from "./program.mjs";

export class Guide {
  /** The project's folder. */
  folder = "";
  /** The running program. */
  program;
  #text = "";

  /** Makes the guide's project in a new folder, with the npm package. */
  static async open(name) {
    const guide = new Guide();
    guide.#text = await readFile(path.join(root, `docs/guides/${name}.md`), "utf8");
    guide.folder = await mkdtemp(path.join(tmpdir(), `push-wire-${name}-`));
    // What `npm install` of the packed package leaves.
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

  /** Links packages that the repository's tests have into the project. */
  async install(...packages) {
    for (const name of packages) {
      const places = ["pkg", "."].map((folder) => path.join(root, folder, "node_modules", name));
      const link = this.path(`node_modules/${name}`);
      await mkdir(path.dirname(link), { recursive: true });
      await symlink(places.find((place) => existsSync(place)), link);
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
