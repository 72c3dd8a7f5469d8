// HTTP server of a folder, with the headers of a test.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";

import { listen } from "../../../tests/browser/listen.mjs";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };

/** Serves a folder until it is closed; `url` is its address, with a slash at the end. */
export async function serveFolder(folder, headers = {}) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://site");
    const file = path.join(folder, path.normalize(pathname.endsWith("/") ? `${pathname}index.html` : pathname));
    try {
      const body = await readFile(file);
      response.writeHead(200, { "content-type": TYPES[path.extname(file)] ?? "application/octet-stream", ...headers }).end(body);
    } catch {
      // No icon is no error of the page's.
      response.writeHead(pathname === "/favicon.ico" ? 204 : 404, headers).end();
    }
  });
  await listen(server);
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
