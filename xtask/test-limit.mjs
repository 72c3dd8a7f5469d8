// Time limit of a test, preloaded into every file of tests: `node --import ./xtask/test-limit.mjs --test …`.
//
// In Node 20 `--test-timeout` is one limit for a whole file, and does not name the test.
import { afterEach, beforeEach } from "node:test";

/** Longest time between the beginnings and ends of tests, in ms; above the limits that tests set themselves (3 min). */
const LIMIT_MS = 240_000;

let stage = "before the first test";
let timer;

/** Begins the next stage of the file. The timer alone keeps no process alive. */
function enter(next) {
  stage = next;
  clearTimeout(timer);
  timer = setTimeout(giveUp, LIMIT_MS).unref();
}

/** Ends this process; what it has started ends by its handlers of `exit`. */
function giveUp() {
  console.error(`${process.argv[1]}: nothing has happened for ${LIMIT_MS / 1000} s ${stage}`);
  process.exit(1);
}

// The process that runs the files has the flag, and no tests of its own.
if (!process.execArgv.includes("--test")) {
  enter(stage);
  beforeEach((test) => enter(`in the test "${test.name}"`));
  afterEach((test) => enter(`after the test "${test.name}"`));
}
