// Benchmarks in the page: decoders and delta codecs run in turn, and the median of each one's times is returned.
import * as fzstd from "fzstd";
import { ZSTDDecoder } from "zstddec";
import init, { Frames, Pages } from "/built/browser.js";

const ROUNDS = 31;

export async function measure() {
  await init({ module_or_path: "/built/browser.wasm" });
  return { frames: await frames(), pages: pages() };
}

async function frames() {
  const [messages, packed, plain] = await Promise.all(["messages", "packed", "plain"].map(list));
  const dictionary = new Uint8Array(await load("dictionary"));
  const ours = Frames.with(dictionary);
  const zstddec = new ZSTDDecoder();
  await zstddec.init();
  const subjects = [
    ["push-wire, with dictionary", packed, (body) => ours.decode(body)],
    ["fzstd, without", plain, (body) => fzstd.decompress(body)],
    // Its decoder needs the size, which our frames do not state.
    ["zstddec, without", plain, (body, message) => zstddec.decode(body, message.length)],
  ];
  for (const [name, bodies, decode] of subjects) {
    bodies.forEach((body, i) => assertEqual(name, decode(body, messages[i]), messages[i]));
  }
  const times = medians(
    subjects.map(([, bodies, decode]) => () => bodies.forEach((body, i) => decode(body, messages[i]))),
  );
  return subjects.map(([name, bodies], i) => {
    const bytes = bodies.reduce((sum, body) => sum + body.length, 0) / bodies.length;
    return { name, bytes, micros: (times[i] * 1000) / bodies.length };
  });
}

function pages() {
  const changes = 100;
  const pages = Pages.with(changes);
  if (!pages.are_correct()) throw new Error("a delta makes a wrong page");
  const names = ["push-wire apply", "fossil-delta apply", "SHA-256 of a page"];
  const times = medians([() => pages.apply(), () => pages.apply_fossil(), () => pages.hash()], 20);
  const of = names.map((name, i) => ({ name, micros: (times[i] * 1000) / changes / 20 }));
  return { bytes: pages.mean_len(), of };
}

/** The median of each subject's times, in milliseconds; one more round before them is not counted. */
function medians(subjects, repeat = 1) {
  const times = subjects.map(() => []);
  for (let round = 0; round <= ROUNDS; round++) {
    subjects.forEach((subject, i) => {
      const start = performance.now();
      for (let again = 0; again < repeat; again++) subject();
      if (round > 0) times[i].push(performance.now() - start);
    });
  }
  return times.map((of) => of.sort((a, b) => a - b)[Math.floor(of.length / 2)]);
}

function assertEqual(name, got, expected) {
  const same = got?.length === expected.length && got.every((byte, i) => byte === expected[i]);
  if (!same) throw new Error(`${name} decodes a wrong message`);
}

async function load(name) {
  return (await fetch(`/built/${name}`)).arrayBuffer();
}

/** Loads a file of items, each after its length in four bytes (little-endian). */
async function list(name) {
  const buffer = await load(name);
  const view = new DataView(buffer);
  const items = [];
  for (let at = 0; at < buffer.byteLength; ) {
    const length = view.getUint32(at, true);
    items.push(new Uint8Array(buffer, at + 4, length));
    at += 4 + length;
  }
  return items;
}
