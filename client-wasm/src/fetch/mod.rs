//! Requests over HTTP, and the text of what they throw.

#[cfg(any(feature = "sse", feature = "zstd"))]
mod request;

use js_sys::Reflect;
#[cfg(any(feature = "sse", feature = "zstd"))]
pub(crate) use request::{Body, fetch};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = String, catch)]
    fn to_string(value: &JsValue) -> Result<String, JsValue>;
}

/// Text of a thrown value, with that of its `cause`: in Node.js only the cause tells why a request failed.
pub(crate) fn text(thrown: &JsValue) -> String {
    let own = own_text(thrown);
    match Reflect::get(thrown, &"cause".into()) {
        Ok(cause) if cause.is_truthy() => own + ": " + &own_text(&cause),
        _ => own,
    }
}

fn own_text(value: &JsValue) -> String {
    to_string(value).unwrap_or_else(|_| "a value without a text".into())
}
