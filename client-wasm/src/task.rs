//! Work that is done later, when the code that runs now has returned.

use js_sys::Function;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = queueMicrotask)]
    fn queue_microtask(task: &Function);
}

/// Does the task in a microtask.
pub(crate) fn later(task: impl FnOnce() + 'static) {
    let task = Closure::once_into_js(task);
    queue_microtask(task.unchecked_ref());
}

/// Drops a value in a microtask: a closure must not be dropped while it runs.
pub(crate) fn drop_later(value: impl Sized + 'static) {
    later(move || drop(value));
}
