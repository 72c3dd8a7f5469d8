// The real examples/live program, with a document and a log of the test's own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, appendFile, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import readline from "node:readline";
import { fileURLToPath } from "node:url";

/** The repository. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

/** Where builds put what they make. */
export const target = process.env.CARGO_TARGET_DIR ?? path.join(root, "target");

async function binary() {
  if (process.env.LIVE_BIN) return process.env.LIVE_BIN;
  for (const profile of ["release", "debug"]) {
    const candidate = path.join(target, profile, "live");
    if (await access(candidate).then(() => true, () => false)) return candidate;
  }
  throw new Error("no live program: run `cargo build -p live`, or name it in LIVE_BIN");
}

export class Backend {
  #child;
  #folder;
  #output = "";
  port = 0;

  /** Starts the program on a free port. */
  static async start() {
    const backend = new Backend();
    backend.#folder = await mkdtemp(path.join(tmpdir(), "push-wire-browser-"));
    await writeFile(backend.document, "# begun\n");
    await writeFile(backend.log, "");
    await backend.#spawn(0);
    return backend;
  }

  get document() {
    return path.join(this.#folder, "document.md");
  }

  get log() {
    return path.join(this.#folder, "app.log");
  }

  /** What the program has printed, for the message of a failing test. */
  get output() {
    return this.#output;
  }

  /** Adds lines to the log in one write. */
  async appendLines(lines) {
    await appendFile(this.log, lines.map((line) => `${line}\n`).join(""));
  }

  /** Saves the document as editors do: a new file, renamed over the old one. */
  async saveDocument(text) {
    const fresh = `${this.document}.new`;
    await writeFile(fresh, text);
    await rename(fresh, this.document);
  }

  /** `kill -9`, and a new process on the same port; `between` runs while there is none. */
  async killAndRestart(between) {
    await this.#end();
    await between();
    await this.#spawn(this.port);
  }

  async stop() {
    await this.#end();
    await rm(this.#folder, { recursive: true });
  }

  async #end() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }

  async #spawn(port) {
    const args = ["--addr", `127.0.0.1:${port}`, "--document", this.document, "--log", this.log];
    this.#child = spawn(await binary(), args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    const lines = readline.createInterface({ input: this.#child.stdout });
    const listening = new Promise((resolve, reject) => {
      lines.on("line", (line) => {
        this.#output += `${line}\n`;
        const address = line.match(/http:\/\/127\.0\.0\.1:(\d+)\//);
        if (address) resolve(Number(address[1]));
      });
      this.#child.once("error", reject);
      this.#child.once("exit", (code) => {
        reject(new Error(`the live program ended with ${code} before it listened:\n${this.#output}`));
      });
    });
    this.#child.stderr.on("data", (data) => (this.#output += data));
    this.port = await listening;
  }
}
