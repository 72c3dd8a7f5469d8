// Outcome of a page or a worker: what its checks return, or the error of the first that fails.

/** The server that the page's or worker's address names. */
export const server = () => new URLSearchParams(location.search).get("server");

/** Runs checks one after the other; returns by their names the transport that each has used, or its error. */
export async function outcomeOf(checks) {
  const outcome = {};
  for (const [name, check] of Object.entries(checks)) {
    const failed = ({ code, message, stack }) => ({ code, message, stack });
    outcome[name] = await check().then((transport) => ({ transport }), failed);
  }
  return outcome;
}

/** Shows the outcome of checks in the page, for the test that opened it. */
export async function show(checks) {
  const outcome = await (typeof checks === "function" ? checks() : outcomeOf(checks));
  document.documentElement.dataset.outcome = JSON.stringify(outcome);
}
