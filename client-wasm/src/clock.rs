//! The page's monotonic clock.

use std::time::Duration;

use push_wire_shared::time::Moment;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
}

/// Now, in whole microseconds since the page began.
pub(crate) fn now() -> Moment {
    Moment::after_origin(from_millis(performance_now()))
}

/// Now, in milliseconds since 1970.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, which is what is wanted"
)]
pub(crate) fn unix_millis() -> u64 {
    js_sys::Date::now() as u64
}

/// A duration from JavaScript's milliseconds; what is negative or no number is zero.
pub(crate) fn from_millis(millis: f64) -> Duration {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, which is what is wanted"
    )]
    Duration::from_micros((millis * 1000.0) as u64)
}

/// JavaScript's milliseconds.
pub(crate) fn to_millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
