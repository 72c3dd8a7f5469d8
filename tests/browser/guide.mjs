// The project of a guide (docs/guides): its page from the Markdown in a folder of its own, and its program, whose source is
// compared with the Markdown by tests/documents/guides.rs.
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { Program, root } from "./program.mjs";

export class Guide {
  /** The project's folder. */
  folder = "";
  /** The running program. */
  program;
  #text = "";

  /** Pastes the guide's page into a new folder. */
  static async paste(name) {
    const guide = new Guide();
    guide.#text = await readFile(path.join(root, `docs/guides/${name}.md`), "utf8");
    guide.folder = await mkdtemp(path.join(tmpdir(), `push-wire-${name}-`));
    await mkdir(guide.path("node_modules"));
    await symlink(path.join(root, "pkg"), guide.path("node_modules/push-wire"));
    await guide.write("page/index.html", guide.block("html"));
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

  /** The code block of this language; the one after `mark`, if there are several. */
  block(language, mark = "") {
    const after = this.#text.slice(this.#text.indexOf(mark));
    const [, block] = after.match(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "ms")) ?? [];
    if (block === undefined) throw new Error(`the guide has no block \`\`\`${language}`);
    return block;
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
