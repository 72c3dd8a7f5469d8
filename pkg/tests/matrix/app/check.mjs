// Check of the package in a host: reads a log from its start and a document, sends, is refused, and closes.

/** Runs the check with one entry of the package; returns the transport that it used. */
export async function check({ connect, PushError }, server, options = {}) {
  const client = connect(server, { storage: null, ...options });
  const lines = client.messages("log");
  expect((await lines.next()).value.value, "first line");
  await lines.return();

  const page = client.document("document");
  await new Promise((resolve) => page.subscribe((value) => value === "a document" && resolve()));
  page.close();

  const room = client.messages("room", { topic: "lobby", from: "newest" });
  const text = `message ${client.id}`;
  await client.send("room", { room: "lobby", name: "matrix", text });
  for await (const { value } of room) {
    if (value.text === text) break;
  }

  const refusal = await client.send("log", 1).catch((error) => error);
  expect(refusal instanceof PushError && refusal.code, "no_handler");
  const { transport } = client.status.value;
  client.close();
  expect(client.status.value.phase, "closed");
  return transport;
}

function expect(seen, wanted) {
  if (seen !== wanted) throw new Error(`${JSON.stringify(seen)} instead of ${JSON.stringify(wanted)}`);
}
