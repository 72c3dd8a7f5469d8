//! Interface of the page to the engine: an object of the TypeScript face with these methods.
//!
//! An exception of a method is reported (see `driver.rs`), and the engine continues.

use alloc::string::String;
use alloc::vec::Vec;

use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const INTERFACE: &str = r#"
/** Calls of the engine into the page. A method that throws is reported to `fault`, and the engine goes on. */
export interface Host {
  /** Begins to open a socket in place of any earlier one. Its events are passed to `Engine.opened`, `message` and
   * `closed`, with the number of this attempt. */
  connect(attempt: number): void;
  /** Begins to get a token from the application, for `Engine.tokenGiven`, `tokenFailed` or `tokenDenied` with this number. */
  wantToken(request: number): void;
  /** Sends a binary message over the latest socket; it is lent for this call only. */
  transmit(message: Uint8Array): void;
  /** Closes the latest socket; none of its later events is passed to the engine. */
  disconnect(code: number): void;
  /** Sets the time of the next call of `Engine.timeout`, in milliseconds as of `performance.now()`, in place of the
   * time set before; `Infinity`: no call. An early or late call is harmless. */
  alarm(at: number): void;
  /** Begins to get the dictionary with this hash, which is lent for this call only, for `Engine.dictionary`. */
  fetchDictionary(sha256: Uint8Array): void;
  /** The connection changed; `wait` is in milliseconds, `code` 0 for none. */
  status(phase: string, failures: number, wait: number, code: number, message: string): void;
  /** The server took the handshake. `secret` proves the right to continue the session; it is lent for this call only. */
  ready(resumed: boolean, secret: Uint8Array): void;
  /** A subscribe or resume ended, and reading goes on; `reason` is empty unless it is a reset, which alone has a `floor`.
   * `isState`: the server keeps only the stream's newest value. */
  outcome(id: number, reason: string, caughtUp: bigint, epoch: bigint, cursor: bigint, tag: number, floor: bigint,
    head: bigint, isState: boolean): void;
  /** The server did not send the next `count` entries; reading goes on after the position. */
  skipped(id: number, count: number, epoch: bigint, cursor: bigint, tag: number): void;
  /** An entry, its body at `address` in the module's memory during this call only; `wireBytes` carried it. */
  entry(id: number, cursor: bigint, tag: number, isBytes: boolean, replayed: boolean, address: number, length: number,
    wireBytes: number): void;
  /** The server ended a subscription. */
  ended(id: number, cause: string, message: string): void;
  /** The server took a send. */
  sent(ticket: number): void;
  /** A send was not carried out. */
  refused(ticket: number, code: string, message: string): void;
  /** The application on the server reports its state. */
  health(status: string, detail?: string): void;
  /** The application on the server wants at most so many messages at once. */
  slow(window?: number): void;
  /** The application on the server names features. */
  features(supported: string[], requested: string[]): void;
  /** Reports an error that concerns no single subscription or send. */
  fault(code: string, message: string): void;
}
"#;

/// Result of a call into the page; the error is the exception that it has thrown.
pub(crate) type Called = Result<(), JsValue>;

#[wasm_bindgen]
extern "C" {
    /// The page's side of the engine.
    #[wasm_bindgen(typescript_type = "Host")]
    pub type Host;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn connect(this: &Host, attempt: u32) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch, js_name = wantToken)]
    pub(crate) fn want_token(this: &Host, request: u32) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn transmit(this: &Host, message: &[u8]) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn disconnect(this: &Host, code: u16) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn alarm(this: &Host, at: f64) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch, js_name = fetchDictionary)]
    pub(crate) fn fetch_dictionary(this: &Host, sha256: &[u8]) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn status(
        this: &Host,
        phase: &str,
        failures: u32,
        wait: f64,
        code: u16,
        message: &str,
    ) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn ready(this: &Host, resumed: bool, secret: &[u8]) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn outcome(
        this: &Host,
        id: u32,
        reason: &str,
        caught_up: u64,
        epoch: u64,
        cursor: u64,
        tag: u32,
        floor: u64,
        head: u64,
        is_state: bool,
    ) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn skipped(
        this: &Host,
        id: u32,
        count: f64,
        epoch: u64,
        cursor: u64,
        tag: u32,
    ) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn entry(
        this: &Host,
        id: u32,
        cursor: u64,
        tag: u32,
        is_bytes: bool,
        replayed: bool,
        address: *const u8,
        length: usize,
        wire_bytes: usize,
    ) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn ended(this: &Host, id: u32, cause: &str, message: &str) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn sent(this: &Host, ticket: f64) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn refused(
        this: &Host,
        ticket: f64,
        code: &str,
        message: &str,
    ) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn health(this: &Host, status: &str, detail: Option<String>) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn slow(this: &Host, window: Option<u32>) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn features(
        this: &Host,
        supported: Vec<String>,
        requested: Vec<String>,
    ) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn fault(this: &Host, code: &str, message: &str) -> Result<(), JsValue>;
}

#[wasm_bindgen]
extern "C" {
    /// Prints an error to the console.
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    pub(crate) fn console_error(error: &JsValue);

    /// The text of an error, or of any other thrown value.
    #[wasm_bindgen(js_name = String, catch)]
    pub(crate) fn words(of: &JsValue) -> Result<String, JsValue>;
}
