// The WebSocket of Node.js, which has no way to give up a connection whose other end is silent.
import type { WebSocketClass } from "./types.js";

/** The part of a dispatcher of `undici`, Node's HTTP client, that is used. */
interface Dispatcher {
  dispatch(options: object, handler: object): boolean;
}

/** The place of Node's dispatcher, by which the package `undici` and Node share it. */
const DISPATCHER = Symbol.for("undici.globalDispatcher.1");

/**
 * The setting for Node.js: its class with a method `terminate`, as the package `ws` has it. After a close over a dead connection
 * Node would wait for an answer as long as TCP does, and keep the process alive. Empty in browsers and other runtimes.
 */
export function nodeSocket(): { WebSocket?: WebSocketClass } {
  const { WebSocket, process } = globalThis as { WebSocket?: any; process?: { versions?: { undici?: string } } };
  // After the class, whose first use loads the dispatcher.
  const dispatcher = (globalThis as { [DISPATCHER]?: Dispatcher })[DISPATCHER];
  if (!WebSocket || !dispatcher || !process?.versions?.undici) return {};
  return { WebSocket: endable(WebSocket, dispatcher) };
}

function endable(WebSocket: any, dispatcher: Dispatcher): WebSocketClass {
  return class extends WebSocket {
    private connection: { destroy(): void } | undefined;

    constructor(url: string, protocols: string) {
      const watch = (options: object, handler: object) =>
        dispatcher.dispatch(options, watchUpgrade(handler, (connection) => (this.connection = connection)));
      super(url, { protocols, dispatcher: { dispatch: watch } });
    }

    terminate(): void {
      this.connection?.destroy();
    }
  };
}

/** The same handler of a request, which also passes the connection of its upgrade to `upgraded`. */
function watchUpgrade(handler: any, upgraded: (connection: any) => void): object {
  return new Proxy(handler, {
    get: (_, name) => {
      const method = handler[name];
      if (typeof method !== "function") return method;
      return (...given: unknown[]) => {
        // `onUpgrade`, or `onRequestUpgrade` of newer ones: the connection comes last in both.
        if (/upgrade$/i.test(String(name))) upgraded(given.at(-1));
        return method.apply(handler, given);
      };
    },
  });
}
