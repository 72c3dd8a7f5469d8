// Process of examples/live, with a document and a log of the test's own.
import { appendFile, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { Program } from "./program.mjs";

export class Backend {
  #folder;
  #program;

  /** Starts the program on a free port; it serves the page in `page`, by default its own. */
  static async start(page) {
    const backend = new Backend();
    backend.#folder = await mkdtemp(path.join(tmpdir(), "push-wire-browser-"));
    await writeFile(backend.#document, "# begun\n");
    await writeFile(backend.#log, "");
    const files = ["--document", backend.#document, "--log", backend.#log];
    if (page !== undefined) files.push("--page", page);
    backend.#program = await Program.start("live", (address) => ["--addr", address, ...files]);
    return backend;
  }

  get #document() {
    return path.join(this.#folder, "document.md");
  }

  get #log() {
    return path.join(this.#folder, "app.log");
  }

  get port() {
    return this.#program.port;
  }

  /** Output of the program so far, for the error of a failed test. */
  get output() {
    return this.#program.output;
  }

  /** Adds lines to the log in one write. */
  async appendLines(lines) {
    await appendFile(this.#log, lines.map((line) => `${line}\n`).join(""));
  }

  /** Saves the document as editors do: a new file, renamed over the old one. */
  async saveDocument(text) {
    const fresh = `${this.#document}.new`;
    await writeFile(fresh, text);
    await rename(fresh, this.#document);
  }

  /** Kills the process, runs `between`, and starts a new process on the same port. */
  killAndRestart(between) {
    return this.#program.killAndRestart(between);
  }

  /** SIGTERM, and a new process on the same port once the old one has ended. */
  endAndRestart() {
    return this.#program.endAndRestart();
  }

  async stop() {
    await this.#program.stop();
    await rm(this.#folder, { recursive: true });
  }
}
