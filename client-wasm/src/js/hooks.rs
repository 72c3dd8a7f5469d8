//! Objects of the TypeScript face that the classes call.

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const INTERFACES: &str = r#"
/** Calls of a client into the TypeScript face. An exception is reported as a fault, and the client continues. */
export interface ClientHooks {
  /** The connection changed. */
  status(status: unknown): void;
  /** A notice of the application on the server. */
  notice(notice: unknown): void;
  /** An error that belongs to no call. */
  fault(code: string, message: string): void;
  /** The counters may have changed; called while they are watched. */
  counted(): void;
  /** Makes an error to throw or to reject with; `argument` is the name of the argument that is wrong. */
  error(code: string, message: string, argument?: string, retryMs?: number): unknown;
  /** A panic of the module: no class of it works any more. */
  panicked(message: string): void;
}

/** Calls of a subscription into the TypeScript face. */
export interface StreamHooks {
  /** An entry: its value, or its bytes. The next one follows when a promise that is returned has settled. */
  entry(cursor: bigint, tag: number, value: unknown, bytes: Uint8Array | undefined, replayed: boolean, valueBytes: number,
    wireBytes: number): unknown;
  /** An outcome, entries that the server did not send, or the end. */
  event(event: unknown): void;
}
"#;

#[wasm_bindgen]
extern "C" {
    /// Receiver of a client's events.
    #[wasm_bindgen(typescript_type = "ClientHooks")]
    #[derive(Clone)]
    pub type ClientHooks;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn status(this: &ClientHooks, status: JsValue) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn notice(this: &ClientHooks, notice: JsValue) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn fault(this: &ClientHooks, code: &str, message: &str) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn counted(this: &ClientHooks) -> Result<(), JsValue>;

    #[wasm_bindgen(method)]
    pub(crate) fn error(
        this: &ClientHooks,
        code: &str,
        message: &str,
        argument: Option<&str>,
        retry_ms: Option<f64>,
    ) -> JsValue;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn panicked(this: &ClientHooks, message: &str) -> Result<(), JsValue>;

    /// Receiver of a stream's entries.
    #[wasm_bindgen(typescript_type = "StreamHooks")]
    #[derive(Clone)]
    pub type StreamHooks;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn entry(
        this: &StreamHooks,
        cursor: u64,
        tag: u32,
        value: JsValue,
        bytes: Option<Uint8Array>,
        replayed: bool,
        value_bytes: usize,
        wire_bytes: usize,
    ) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn event(this: &StreamHooks, event: JsValue) -> Result<(), JsValue>;

    /// Reports an exception of the application as uncaught; not in every runtime.
    #[wasm_bindgen(js_name = reportError, catch)]
    fn report_error(thrown: &JsValue) -> Result<(), JsValue>;

    #[wasm_bindgen(js_namespace = console, js_name = error)]
    pub(crate) fn console_error(thrown: &JsValue);
}

/// Reports an exception of the application as uncaught.
pub(crate) fn report_uncaught(thrown: &JsValue) {
    if report_error(thrown).is_err() {
        console_error(thrown);
    }
}
