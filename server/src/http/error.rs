//! Error responses of the event stream's requests: an `error` op of the JSON dialect, as JSON.

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use push_wire_shared::SystemOp;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A response with a JSON text.
pub(super) fn json(status: StatusCode, text: impl Into<axum::body::Bytes>) -> Response {
    (status, [(CONTENT_TYPE, JSON)], text.into()).into_response()
}

/// A response that says what is wrong.
pub(super) fn error(status: StatusCode, message: &str) -> Response {
    json(status, error_op(message))
}

/// The op that says what is wrong.
pub(super) fn error_op(message: &str) -> Vec<u8> {
    let message = message.to_owned();
    // A text: nothing in it can fail to be written.
    serde_json::to_vec(&SystemOp::<&str>::Error { message }).unwrap_or_default()
}
