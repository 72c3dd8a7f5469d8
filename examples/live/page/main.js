// Start of the page: connects once, and passes the client to every panel.
import { connect } from "push-wire";

import { showDocument } from "./document.js";
import { showLog } from "./log.js";
import { showMachine } from "./machine.js";
import { tell } from "./notices.js";
import { showRooms } from "./room.js";
import { showStatus } from "./status.js";
import { Streams } from "./streams.js";
import { chosenTransport, offerTransports } from "./transport.js";

async function start() {
  const response = await fetch("/about.json");
  if (!response.ok) throw new Error(`/about.json answered ${response.status}`);
  const about = await response.json();

  offerTransports(document.getElementById("transport-choice"));
  const client = connect("/rps", { transport: chosenTransport() });
  window.pushWire = client;
  const streams = new Streams(document.querySelector("#streams tbody"));
  showStatus(client, streams);
  showMachine(client, streams);
  showDocument(client, streams);
  showLog(client, streams, about);
  showRooms(client, streams, about);
}

start().catch((error) => tell("problem", `The page could not start: ${error.message}`));
