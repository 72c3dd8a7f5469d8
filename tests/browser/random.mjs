// Random numbers from a seed, which BROWSER_SEED sets to repeat a run.

const seed = Number(process.env.BROWSER_SEED ?? Date.now() % 1_000_000);
console.log(`BROWSER_SEED=${seed}`);

/** Returns a function that draws integers from 0 to below its argument (mulberry32, one sequence for each name). */
export function random(name) {
  let state = [...name].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), seed);
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}
