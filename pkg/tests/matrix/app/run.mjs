// A program that imports both entries. It must end by itself.
import { readFile } from "node:fs/promises";

import * as whole from "push-wire";
import * as slim from "push-wire/slim";

import { check } from "./check.mjs";

const server = process.argv[2];
await slim.initWasm(await readFile(new URL(import.meta.resolve("push-wire/push-wire.wasm"))));
console.log(JSON.stringify({ whole: await check(whole, server), slim: await check(slim, server) }));
