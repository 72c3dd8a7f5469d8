// Browsers and servers of a test file, started and ended by hooks of its tests.
import { after, afterEach, before, beforeEach } from "node:test";

import { Fixture } from "../../pkg/tests/fixture.mjs";
import { Lab, LAUNCHERS } from "./lab.mjs";

/** Labs of all browsers for the tests of a file, by the browsers' names. Their pages are closed after each test. */
export function useLabs() {
  const labs = {};
  const each = (task) => Promise.all(Object.values(labs).map(task));
  before(() => Promise.all(Object.keys(LAUNCHERS).map(async (name) => (labs[name] = await Lab.start(name)))));
  afterEach(() => each((lab) => lab.clear()));
  after(() => each((lab) => lab.stop()));
  return labs;
}

/** A new process of the package's backend for each test, as `backend`, and a new proxy of this class before it, as `proxy`. */
export function useServer(Proxy) {
  const server = { backend: undefined, proxy: undefined };
  beforeEach(async () => {
    server.backend = await Fixture.start();
    server.proxy = await Proxy?.to(server.backend.port);
  });
  afterEach(async () => {
    await server.proxy?.close();
    await server.backend?.stop();
  });
  return server;
}
