// Prints the size of other clients, each bundled for a browser by the export that connects.
import { fileURLToPath } from "node:url";

import * as esbuild from "esbuild";

import { brotli, print } from "../../xtask/brotli.mjs";

const PEERS = {
  phoenix: "Socket",
  "socket.io-client": "io",
  "@microsoft/signalr": "HubConnectionBuilder",
  "pusher-js": "default",
  centrifuge: "Centrifuge",
  ably: "Realtime",
};

for (const [name, connects] of Object.entries(PEERS)) {
  const { outputFiles } = await esbuild.build({
    stdin: { contents: `export { ${connects} } from "${name}";`, resolveDir: fileURLToPath(new URL(".", import.meta.url)) },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    logLevel: "error",
  });
  const [{ contents }] = outputFiles;
  print(name, contents.length, brotli(contents));
}
