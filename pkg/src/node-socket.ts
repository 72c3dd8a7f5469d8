// WebSocket of Node.js with a method that ends a connection whose peer does not answer.
import type { WebSocketClass } from "./types.js";

/** The part that is used of a dispatcher of `undici`, the HTTP client in Node.js. */
interface Dispatcher {
  dispatch(options: object, handler: object): boolean;
}

/** Key of the global dispatcher, which Node.js and the package `undici` share. */
const DISPATCHER = Symbol.for("undici.globalDispatcher.1");

/**
 * Returns the option `WebSocket` for Node.js: its class with a method `terminate`, as the package `ws` has it. After `close` on a
 * dead connection, Node.js would wait until TCP gives up, and keep the process alive. Empty in browsers and other runtimes.
 */
export function nodeSocket(): { WebSocket?: WebSocketClass } {
  const { WebSocket, process } = globalThis as { WebSocket?: any; process?: { versions?: { undici?: string } } };
  // Read after `WebSocket`: the first access to that sets the dispatcher.
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

/** Returns a request handler that also passes the connection of an upgrade to `upgraded`. */
function watchUpgrade(handler: any, upgraded: (connection: any) => void): object {
  return new Proxy(handler, {
    get: (_, name) => {
      const method = handler[name];
      if (typeof method !== "function") return method;
      return (...given: unknown[]) => {
        // `onUpgrade` of undici 6, `onRequestUpgrade` of later versions: the connection is the last argument of both.
        if (/upgrade$/i.test(String(name))) upgraded(given.at(-1));
        return method.apply(handler, given);
      };
    },
  });
}
