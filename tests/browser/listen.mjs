// Start of a server on a free port of 127.0.0.1.

/** Resolves once the server listens, and rejects if it cannot. */
export function listen(server) {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
}
