// Pages with the package alone, in Chromium and Firefox, and a record of their errors and warnings.
import { launch, launchFirefox } from "./browser.mjs";

/** The browsers that the tests run in, by name. */
export const LAUNCHERS = { Chromium: launch, Firefox: launchFirefox };

/** One browser, and the errors of the pages that are opened in it. */
export class Lab {
  #browser;
  #contexts = [];
  #complaints = [];

  static async start(name) {
    const lab = new Lab();
    lab.#browser = await LAUNCHERS[name]();
    return lab;
  }

  /** A browser context of its own, with its own storage. */
  async context() {
    const context = await this.#browser.createBrowserContext();
    this.#contexts.push(context);
    return context;
  }

  /** Opens this address in a tab of this context, or of one of its own. The page's clock runs `haste` times as fast. */
  async open(url, { context, haste = 1 } = {}) {
    const page = await (context ?? (await this.context())).newPage();
    await this.#watch(page);
    if (haste !== 1) await page.evaluateOnNewDocument(hasten, haste);
    await page.goto(url);
    return page;
  }

  /** Records the errors and warnings of a page, without those that browsers log about failed connections. */
  async #watch(page) {
    await page.exposeFunction("complain", (text) => void this.#complaints.push(text));
    await page.evaluateOnNewDocument(() => {
      const complain = (...words) => window.complain(words.map(String).join(" "));
      addEventListener("error", ({ message }) => complain("uncaught:", message));
      addEventListener("unhandledrejection", ({ reason }) => complain("unhandled:", reason));
      for (const name of ["warn", "error"]) {
        const write = console[name];
        console[name] = (...words) => {
          complain(`console.${name}:`, ...words);
          write.apply(console, words);
        };
      }
    });
  }

  /** Uncaught exceptions, unhandled rejections, errors and warnings in the console, since the last call. */
  heard() {
    return this.#complaints.splice(0);
  }

  /** Closes all pages. */
  async clear() {
    for (const context of this.#contexts.splice(0)) await context.close();
    this.heard();
  }

  stop() {
    return this.#browser.close();
  }
}

/** Lets the page's clock and timers run faster. Runs in the page. */
function hasten(factor) {
  const [now, set] = [performance.now.bind(performance), setTimeout];
  performance.now = () => now() * factor;
  window.setTimeout = (task, millis = 0, ...rest) => set(task, millis / factor, ...rest);
}

/** Loads the package in a page that has none, as `window.push`, with helpers of the tests. */
export function load(page) {
  return page.evaluate(async () => {
    window.push = await import("/dist/index.js");
    /** Resolves with the first status whose phase is one of these. */
    window.phase = (client, ...phases) =>
      new Promise((resolve) => {
        const end = client.status.subscribe((status) => {
          if (!phases.includes(status.phase)) return;
          resolve(status);
          queueMicrotask(() => end());
        });
      });
  });
}

/** Waits until the condition holds in the page. Polls by time: a hidden page has no animation frames. */
export function holds(page, condition, ...args) {
  return page.waitForFunction(condition, { polling: 20, timeout: 30_000 }, ...args);
}
