//! The page's console.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Prints a warning.
    #[wasm_bindgen(js_namespace = console)]
    pub(crate) fn warn(text: &str);
}
