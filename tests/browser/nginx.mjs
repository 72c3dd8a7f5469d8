// nginx with the configuration of a guide.
import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";

import { listen } from "./listen.mjs";

export class Nginx {
  #guide;
  #recipe;
  #child;
  port = 0;

  /**
   * Starts nginx with the guide's configuration, on a free port, with the guide's program, and a folder in place of `/srv/my-wall`.
   *
   * @param {import("./guide.mjs").Guide} guide a guide whose program runs
   * @param {string} site the folder
   */
  static async start(guide, site) {
    const nginx = new Nginx();
    nginx.#guide = guide;
    nginx.port = await freePort();
    nginx.#recipe = replaceAll(guide.block("nginx"), {
      "listen 80;": `listen 127.0.0.1:${nginx.port};`,
      "127.0.0.1:4100;": `127.0.0.1:${guide.program.port};`,
      "root /srv/my-wall": `root ${site}`,
      "alias /srv/my-wall": `alias ${site}`,
    });
    // A test file that is killed at its time limit does not call `stop`.
    process.once("exit", () => nginx.#child?.kill());
    await nginx.#run(nginx.#recipe);
    return nginx;
  }

  get url() {
    return `http://127.0.0.1:${this.port}/`;
  }

  /** Ends nginx, and starts it without the lines of its configuration that match. */
  async restartWithout(pattern) {
    await this.stop();
    const lines = this.#recipe.split("\n");
    await this.#run(lines.filter((line) => !pattern.test(line)).join("\n"));
  }

  /** Ends nginx, and its connections with it. */
  async stop() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill();
    await ended;
  }

  /** Starts nginx, and waits until it listens. */
  async #run(recipe) {
    const file = this.#guide.path("nginx.conf");
    await this.#guide.write("nginx.conf", whole(recipe, this.#guide.folder));
    this.#child = spawn(process.env.NGINX_BIN ?? "/usr/sbin/nginx", ["-c", file, "-g", "daemon off;"], { stdio: "inherit" });
    while (!(await accepts(this.port))) {
      if (this.#child.exitCode !== null) throw new Error(`nginx ended with ${this.#child.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/** The whole configuration: what Debian's main file does, with files in the guide's folder. */
function whole(recipe, folder) {
  // Its workers have to read the folder, which belongs to the user that runs the tests.
  const user = process.getuid() === 0 ? "user root;" : "";
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `${kind}_temp_path ${folder}/${kind};`);
  const types = "types { text/html html; text/javascript js; application/wasm wasm; }";
  return `${user} worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
    events {}
    http { access_log off; ${types} ${temporary.join(" ")}
    ${recipe}
    }`;
}

/** Returns whether a connection to the port is accepted. */
async function accepts(port) {
  const socket = net.connect(port, "127.0.0.1");
  const opened = await new Promise((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
  });
  socket.destroy();
  return opened;
}

/** A port that nobody listens on. */
async function freePort() {
  const server = net.createServer();
  await listen(server);
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function replaceAll(text, parts) {
  for (const [from, to] of Object.entries(parts)) {
    if (text.split(from).length !== 2) throw new Error(`the guide's configuration has not one "${from}"`);
    text = text.replace(from, () => to);
  }
  return text;
}
