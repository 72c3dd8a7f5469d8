// A page of React that reads the client of each entry with the hooks.
import { StrictMode, useEffect } from "react";
import { createRoot } from "react-dom/client";
import * as whole from "push-wire";
import { useChannel, useDocument, usePushStatus } from "push-wire/react";
import * as slim from "push-wire/slim";

import { server, show } from "./outcome.mjs";

/** Shows the outcome of a check with each entry; `wasm` is the URL of the module. */
export function showBoth(wasm) {
  show({
    whole: () => check(whole),
    slim: async () => {
      await slim.initWasm(wasm);
      return check(slim);
    },
  });
}

/** Renders the client's streams until each is shown, once; returns the transport that was used. */
async function check({ connect }) {
  const client = connect(server(), { storage: null });
  const message = `message ${client.id}`;
  const wanted = ["connected", "first line", "a document", message].join();
  const { promise: shown, resolve, reject } = Promise.withResolvers();
  const root = createRoot(document.createElement("main"), { onUncaughtError: reject });
  const told = (text) => text === wanted && resolve();
  root.render(<StrictMode><View client={client} message={message} told={told} /></StrictMode>);
  await client.send("room", { room: "lobby", name: "matrix", text: message });
  await shown;
  const { transport } = client.status.value;
  root.unmount();
  client.close();
  return transport;
}

/** Shows the state, a log, a document, and the messages with this text; tells what it shows. */
function View({ client, message, told }) {
  const { phase } = usePushStatus(client);
  const log = useChannel(client, "log");
  const page = useDocument(client, "document");
  const room = useChannel(client, "room", { topic: "lobby" });
  const lines = log.entries.map(({ value }) => value);
  const messages = room.entries.map(({ value }) => value.text).filter((text) => text === message);
  const text = [phase, ...lines, page.value, ...messages].join();
  useEffect(() => void told(text), [text]);
  return <p>{text}</p>;
}
