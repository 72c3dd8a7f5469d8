// The app of the React tests, with the development build of React.
import { Component, type ReactNode, StrictMode, Suspense, use, useState } from "react";
import { createRoot, hydrateRoot } from "react-dom/client";
import type { Client } from "push-wire";
import { connect } from "push-wire";
import { useChannel, useDocument, usePushStatus } from "push-wire/react";

interface Channels {
  log: string;
  document: string;
  room: { room: string; name: string; text: string };
  nowhere: string;
}

const client = connect<Channels>("/rps", { storage: null });
const renders: Record<string, number> = {};

/** A log as a list, with its options written inline. */
function Log({ id, limit = 5 }: { id: string; limit?: number }) {
  renders[id] = (renders[id] ?? 0) + 1;
  const { entries, outcome, error } = useChannel(client, "log", { limit });
  return (
    <ol id={id} data-outcome={outcome?.type} data-error={error?.code}>
      {entries.map(({ cursor, value }) => <li key={cursor}>{value}</li>)}
    </ol>
  );
}

function Room({ room }: { room: string }) {
  const { entries } = useChannel(client, "room", { topic: room });
  return <ol id="room">{entries.map(({ cursor, value }) => <li key={cursor}>{value.text}</li>)}</ol>;
}

function Page({ id }: { id: string }) {
  const { value = "none" } = useDocument(client, "document");
  return <p id={id}>{value}</p>;
}

function Phase() {
  return <p id="phase">{usePushStatus(client).phase}</p>;
}

function Nowhere() {
  const { error } = useChannel(client, "nowhere");
  return <p id="nowhere">{error ? `${error.code}: ${error.message}` : ""}</p>;
}

function Wrong() {
  useChannel(client, "log", { topic: 7 as unknown as string });
  return null;
}

function Absent() {
  const none = null as Client<Channels> | null;
  return <p id="absent">{`${useChannel(none, "log").entries.length} ${useDocument(none, "document").value} ${usePushStatus(none).phase}`}</p>;
}

class Boundary extends Component<{ children: ReactNode }> {
  override state = { message: "" };

  static getDerivedStateFromError(error: Error) {
    return { message: error.message };
  }

  override render() {
    return this.state.message ? <p id="caught">{this.state.message}</p> : this.props.children;
  }
}

/** A component that is suspended after its hook has run. */
function Suspended({ until }: { until: Promise<void> }) {
  const { entries } = useChannel(client, "log", { limit: 5 });
  use(until);
  return <p id="suspended">{entries.length}</p>;
}

let resume = () => {};
const suspension = new Promise<void>((resolve) => (resume = resolve));

/** Sets the parts that the page shows; called by a test. */
let setShown: (shown: string[]) => void;

function Parts({ first }: { first: string[] }) {
  const [shown, set] = useState(first);
  setShown = set;
  const parts: Record<string, ReactNode> = {
    one: <Log id="one" />,
    two: <Log id="two" limit={2} />,
    page: <Page id="page" />,
    "page-two": <Page id="page-two" />,
    lobby: <Room room="lobby" />,
    garden: <Room room="garden" />,
    phase: <Phase />,
    nowhere: <Nowhere />,
    wrong: <Boundary><Wrong /></Boundary>,
    absent: <Absent />,
    suspended: <Suspense fallback={<p id="waiting" />}><Suspended until={suspension} /></Suspense>,
  };
  return shown.map((name) => <div key={/lobby|garden/.test(name) ? "room" : name}>{parts[name]}</div>);
}

export function App({ first }: { first: string[] }) {
  return <StrictMode><Parts first={first} /></StrictMode>;
}

if (typeof document === "object") {
  const errors: string[] = [];
  const timers: (() => void)[] = [];
  const { setTimeout } = window;
  Object.assign(window, {
    setTimeout(callback: () => void, delay?: number) {
      if (delay === 1000) timers.push(callback);
      return setTimeout(callback, delay);
    },
  });
  const root = document.createElement("main");
  document.body.append(root);
  Object.assign(window, {
    pushWire: client,
    test: {
      renders,
      errors,
      resume,
      /** Ends the time for which streams are read on. */
      pass: () => timers.forEach((callback) => callback()),
      render(first: string[]) {
        createRoot(root).render(<App first={first} />);
      },
      hydrate(html: string, first: string[]) {
        root.innerHTML = html;
        hydrateRoot(root, <App first={first} />, { onRecoverableError: (error) => errors.push(String(error)) });
      },
      show: (shown: string[]) => setShown(shown),
    },
  });
}
