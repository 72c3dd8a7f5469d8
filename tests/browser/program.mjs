// Process of a server program of the workspace.
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import readline from "node:readline";
import { fileURLToPath } from "node:url";

/** Root folder of the repository. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

/** Cargo's target folder. */
export const target = process.env.CARGO_TARGET_DIR ?? path.join(root, "target");

export class Program {
  #binary;
  #argumentsFor;
  #folder;
  #child;
  #output = "";
  /** The port on 127.0.0.1 that the program listens on. */
  port = 0;

  /**
   * Starts a program of `target/debug` on a free port, and waits until it has printed its URL.
   *
   * @param {string} name path below `target/debug`
   * @param {(address: string) => string[]} argumentsFor its arguments, with the address to listen on
   * @param {string} folder its working folder
   */
  static async start(name, argumentsFor, folder = root) {
    const program = new Program();
    program.#binary = path.join(target, "debug", name);
    program.#argumentsFor = argumentsFor;
    program.#folder = folder;
    // A test file that is killed at its time limit does not call `stop`.
    process.once("exit", () => program.#child?.kill("SIGKILL"));
    await program.#spawn(0);
    return program;
  }

  /** Output of the program so far, for the error of a failed test. */
  get output() {
    return this.#output;
  }

  /** Writes a line to the program's standard input. */
  write(line) {
    this.#child.stdin.write(`${line}\n`);
  }

  /** Ends the process with SIGKILL, runs `between`, and starts a new one on the same port. */
  async killAndRestart(between = async () => {}) {
    await this.stop();
    await between();
    await this.#spawn(this.port);
  }

  /** Asks the process to end (SIGTERM), waits until it has, and starts a new one on the same port. */
  async endAndRestart() {
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    const [code, signal] = await ended;
    if (code !== 0) throw new Error(`ended with ${code ?? signal}:\n${this.#output}`);
    await this.#spawn(this.port);
  }

  /** Ends the process with SIGKILL. */
  async stop() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }

  async #spawn(port) {
    const options = { cwd: this.#folder, stdio: ["pipe", "pipe", "pipe"] };
    this.#child = spawn(this.#binary, this.#argumentsFor(`127.0.0.1:${port}`), options);
    // Input for a process that has ended is dropped.
    this.#child.stdin.on("error", () => {});
    const lines = readline.createInterface({ input: this.#child.stdout });
    const listening = new Promise((resolve, reject) => {
      lines.on("line", (line) => {
        this.#output += `${line}\n`;
        const address = line.match(/https?:\/\/127\.0\.0\.1:(\d+)\//);
        if (address) resolve(Number(address[1]));
      });
      this.#child.once("error", reject);
      this.#child.once("exit", (code) => {
        reject(new Error(`${this.#binary} ended with ${code} before it printed its URL:\n${this.#output}`));
      });
    });
    this.#child.stderr.on("data", (data) => (this.#output += data));
    this.port = await listening;
  }
}
