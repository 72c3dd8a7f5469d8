// A program that requires both entries, and shares them with the modules that are imported. It must end by itself.
const { readFile } = require("node:fs/promises");
const whole = require("push-wire");
const slim = require("push-wire/slim");

async function main() {
  const { check } = await import("./check.mjs");
  const imported = await import("push-wire");
  if (imported.PushError !== whole.PushError) throw new Error("two copies of the package");
  const server = process.argv[2];
  await slim.initWasm(await readFile(require.resolve("push-wire/push-wire.wasm")));
  console.log(JSON.stringify({ whole: await check(whole, server), slim: await check(slim, server) }));
}

main();
