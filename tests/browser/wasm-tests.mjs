// Runs tests that are compiled to WebAssembly in Chromium and Firefox, as a runner of cargo:
// `node wasm-tests.mjs RUNNER MODULE [ARGUMENT]…`.
//
// RUNNER is the test runner of wasm-bindgen, which serves the tests. The browsers need no WebDriver: puppeteer opens the page.
// Requests for `/rps` go to the server that the environment variable PUSH_WIRE_SERVER names, so that it is of the same origin.
import { spawn } from "node:child_process";
import readline from "node:readline";

import { HttpProxy } from "./http-proxy.mjs";
import { LAUNCHERS } from "./lab.mjs";

/** Longest time of all tests of a module in one browser, in milliseconds. */
const LIMIT_MS = 60_000;

const [runner, ...module] = process.argv.slice(2);
const env = { ...process.env, NO_HEADLESS: "1", WASM_BINDGEN_TEST_ADDRESS: "127.0.0.1:0" };
const server = spawn(runner, module, { env, stdio: ["ignore", "pipe", "inherit"] });
process.once("exit", () => server.kill("SIGKILL"));

const proxy = await HttpProxy.to(await port());
const backend = Number(new URL(process.env.PUSH_WIRE_SERVER).port);
proxy.targetOf = ({ url }) => (url.startsWith("/rps") ? backend : undefined);
for (const name of Object.keys(LAUNCHERS)) {
  const output = await run(name);
  console.log(`\n${name}: ${output}`);
  if (!output.includes("test result: ok")) process.exitCode = 1;
}
await proxy.close();
// Ends the runner too, and does not wait for connections that the pages have left.
process.exit();

/** Port of the runner's server, once it listens. */
function port() {
  return new Promise((resolve, reject) => {
    readline.createInterface({ input: server.stdout }).on("line", (line) => {
      const address = line.match(/http:\/\/127\.0\.0\.1:(\d+)/);
      if (address) resolve(Number(address[1]));
    });
    server.once("error", reject);
    server.once("exit", (code) => reject(new Error(`${runner} ended with ${code}`)));
  });
}

/** Runs the tests in a browser; resolves with what they print. */
async function run(name) {
  const browser = await LAUNCHERS[name]();
  try {
    const page = await browser.newPage();
    await page.goto(proxy.url);
    const output = () => document.getElementById("output").textContent;
    const ended = () => document.getElementById("output").textContent.includes("test result: ");
    const isEnded = await page.waitForFunction(ended, { polling: 50, timeout: LIMIT_MS }).then(() => true, () => false);
    const printed = await page.evaluate(output);
    return isEnded ? printed : `${printed}\nnot ended after ${LIMIT_MS / 1000} s`;
  } finally {
    await browser.close();
  }
}
