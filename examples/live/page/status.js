// Status bar: the connection, its byte counts, and the button that disconnects for a while.
import { bytes, count, share } from "./format.js";
import { tell } from "./notices.js";

const DISCONNECT_MS = 5000;
const REFRESH_MS = 250;

const PHASES = {
  connecting: "Connecting",
  connected: "Connected",
  waiting: "Disconnected",
  offline: "Offline",
  closed: "Closed",
};

const element = (id) => document.getElementById(id);

/** Sets an element's text if it differs, so that screen readers read only changes. */
export function write(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

export function showStatus(client, streams) {
  let lastPhase = null;
  client.status.subscribe((status) => {
    element("status").dataset.phase = status.phase;
    write(element("phase"), PHASES[status.phase] ?? status.phase);
    if (status.phase !== lastPhase) tellChange(lastPhase, status);
    lastPhase = status.phase;
  });
  const cut = new DisconnectButton(element("cut"), client);
  const refresh = () => {
    cut.refresh();
    streams.refresh();
    showDetail(client.status.value, streams);
    showFigures(client, streams);
  };
  refresh();
  setInterval(refresh, REFRESH_MS);
}

function tellChange(before, status) {
  if (status.phase === "connected") tell("connection", "Connected");
  if (before === "connected") tell("connection", `The connection was lost${reason(status)}`);
  if (status.phase === "closed") tell("problem", `The connection has ended${reason(status)}`);
}

function reason(status) {
  const code = status.code ? ` ${status.code}` : "";
  const words = status.reason ? ` (${status.reason})` : "";
  return code + words;
}

function showDetail(status, streams) {
  write(element("phase-detail"), detail(status, streams));
  write(element("transport"), status.phase === "connected" ? transportName(status.transport) : "none");
}

const TRANSPORTS = { websocket: "WebSocket", sse: "Event stream" };

function transportName(name) {
  return TRANSPORTS[name] ?? "none";
}

function detail(status, streams) {
  if (status.phase === "connected") {
    const behind = streams.behind();
    return behind === 0n ? `${streams.size} streams up to date` : `${count(behind, "entry", "entries")} behind`;
  }
  if (status.phase === "waiting" && status.retryAt) {
    const seconds = Math.max(0, Math.ceil((status.retryAt - Date.now()) / 1000));
    return `next attempt in ${seconds} s`;
  }
  if (status.phase === "offline") return "waiting for the network";
  if (status.phase === "closed") return `code ${status.code ?? "none"} ${status.reason ?? ""}`;
  return status.attempt > 1 ? `attempt ${status.attempt}` : "";
}

function showFigures(client, streams) {
  const { bytesIn, bytesOut, valueBytes } = client.stats.value;
  const wire = bytesIn + bytesOut;
  write(element("wire-bytes"), bytes(wire));
  write(element("value-bytes"), bytes(valueBytes));
  write(element("wire-share"), share(wire, valueBytes));
  write(element("caught-up"), String(streams.caughtUp));
}

/** The button that drops the connection for some seconds, to show how the streams resume. */
class DisconnectButton {
  #button;
  #label;
  #until = 0;

  constructor(button, client) {
    this.#button = button;
    this.#label = button.textContent;
    button.addEventListener("click", () => {
      this.#until = Date.now() + DISCONNECT_MS;
      client.interrupt(DISCONNECT_MS);
      tell("connection", `You disconnected for ${DISCONNECT_MS / 1000} s`);
      this.refresh();
    });
  }

  refresh() {
    const left = Math.ceil((this.#until - Date.now()) / 1000);
    this.#button.disabled = left > 0;
    write(this.#button, left > 0 ? `Reconnects in ${left} s` : this.#label);
  }
}
