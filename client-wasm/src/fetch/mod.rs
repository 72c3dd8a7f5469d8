//! Requests over HTTP, and the text of what they throw.

#[cfg(any(feature = "sse", feature = "zstd"))]
mod request;

#[cfg(any(feature = "sse", feature = "zstd"))]
pub(crate) use request::{Body, fetch};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = String, catch)]
    fn to_string(value: &JsValue) -> Result<String, JsValue>;
}

/// Text of a thrown value.
pub(crate) fn text(thrown: &JsValue) -> String {
    to_string(thrown).unwrap_or_else(|_| "a value without a text".into())
}
