//! Answers of the browser's storage, which may fail to come.

use js_sys::{Array, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::timer::{clear_timeout, set_timeout};

/// Longest wait for an answer, in milliseconds. Browsers have left the opening of a database without an answer for as long as the
/// page lived (WebKit bug 226547), and a client connects only after its state was read.
const LONGEST_WAIT: f64 = 10_000.0;

/// Waits for a promise; an error that names `part` if it is not settled in time.
pub(super) async fn in_time(promise: Promise, part: &str) -> Result<JsValue, JsValue> {
    let mut timer = JsValue::UNDEFINED;
    let late = Promise::new(&mut |_, reject| {
        let error = format!("{part} did not answer within 10 s");
        let task = reject.bind1(&JsValue::UNDEFINED, &error.into());
        timer = set_timeout(task.unchecked_ref(), LONGEST_WAIT);
    });
    let first = Promise::race(&Array::from_iter([promise, late]));
    let answer = JsFuture::from(first).await;
    clear_timeout(&timer);
    answer
}
