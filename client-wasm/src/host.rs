//! What the engine asks of the page: an object of the TypeScript face with these methods.

use wasm_bindgen::prelude::*;
use web_sys::WebSocket;

#[wasm_bindgen(typescript_custom_section)]
const INTERFACE: &str = r#"
/** What the engine asks of the page. Its methods must not throw, except `open`. */
export interface Host {
  /** Begins to open a socket with this subprotocol. */
  open(protocol: string): WebSocket;
  /** The connection changed; `wait` is in milliseconds, `code` 0 for none. */
  status(phase: string, failures: number, wait: number, code: number, message: string): void;
  /** The server took the handshake. */
  ready(resumed: boolean): void;
  /** A subscribe or resume ended; `reason` is empty unless it is a reset. */
  outcome(id: number, reason: string, caughtUp: bigint, epoch: bigint | undefined, cursor: bigint | undefined,
    floor: bigint | undefined, head: bigint): void;
  /** An entry, its body at `address` in the module's memory during this call only; `wireBytes` carried it. */
  entry(id: number, cursor: bigint, isBytes: boolean, replayed: boolean, address: number, length: number,
    wireBytes: number): void;
  /** The server ended a subscription. */
  ended(id: number, cause: string, message: string): void;
  /** The server took a send. */
  sent(ticket: bigint): void;
  /** A send was not carried out. */
  refused(ticket: bigint, code: string, message: string): void;
  /** Something went wrong that concerns no single subscription or send. */
  fault(code: string, message: string): void;
}
"#;

#[wasm_bindgen]
extern "C" {
    /// The page's side of the engine.
    #[wasm_bindgen(typescript_type = "Host")]
    pub type Host;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn open(this: &Host, protocol: &str) -> Result<WebSocket, JsValue>;

    #[wasm_bindgen(method)]
    pub(crate) fn status(
        this: &Host,
        phase: &str,
        failures: u32,
        wait: u32,
        code: u16,
        message: &str,
    );

    #[wasm_bindgen(method)]
    pub(crate) fn ready(this: &Host, resumed: bool);

    #[wasm_bindgen(method)]
    pub(crate) fn outcome(
        this: &Host,
        id: u32,
        reason: &str,
        caught_up: u64,
        epoch: Option<u64>,
        cursor: Option<u64>,
        floor: Option<u64>,
        head: u64,
    );

    #[wasm_bindgen(method)]
    pub(crate) fn entry(
        this: &Host,
        id: u32,
        cursor: u64,
        is_bytes: bool,
        replayed: bool,
        address: *const u8,
        length: usize,
        wire_bytes: usize,
    );

    #[wasm_bindgen(method)]
    pub(crate) fn ended(this: &Host, id: u32, cause: &str, message: &str);

    #[wasm_bindgen(method)]
    pub(crate) fn sent(this: &Host, ticket: u64);

    #[wasm_bindgen(method)]
    pub(crate) fn refused(this: &Host, ticket: u64, code: &str, message: &str);

    #[wasm_bindgen(method)]
    pub(crate) fn fault(this: &Host, code: &str, message: &str);
}
