// Headless Chromium and Firefox, and helpers that open and read the live demo's page.
import puppeteer from "puppeteer-core";

const args = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts Chromium, with these arguments more. */
export function launch(more = []) {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  return puppeteer.launch({ executablePath, headless: true, args: [...args, ...more] });
}

/** Starts Firefox. By itself it delays new WebSockets to a port that has refused some, for up to a minute. */
export function launchFirefox() {
  const executablePath = process.env.FIREFOX ?? "/usr/bin/firefox-esr";
  const extraPrefsFirefox = { "network.websocket.delay-failed-reconnects": false };
  return puppeteer.launch({ browser: "firefox", executablePath, headless: true, extraPrefsFirefox });
}

/** Opens a page in a browser context of its own, with its own storage, and waits until it is connected. */
export async function openPage(browser, url, errors) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  page.on("pageerror", (error) => errors.push(error));
  await page.goto(url);
  await connected(page);
  return page;
}

export function connected(page) {
  return page.waitForSelector('#status[data-phase="connected"]');
}

/** Reloads the page and waits until it is connected. */
export async function reload(page) {
  await page.reload();
  await connected(page);
}

/** The log lines that the page shows, oldest first. */
export function shownLines(page) {
  return page.$$eval("#log li[data-cursor]", (items) => items.map((item) => item.textContent));
}

/** Text of the document that the page shows. */
export function shownDocument(page) {
  return page.$eval("#document", (element) => element.dataset.text);
}
