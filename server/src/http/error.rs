//! Error responses of the event stream's requests: an `error` op of the JSON dialect, as JSON.

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use push_wire_shared::SystemOp;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Error of a request, with the status of its answer.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct RequestError {
    status: StatusCode,
    message: String,
}

impl RequestError {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, message }
    }

    /// A request that is not as it should be: 400.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// A body of another type than the request needs: 415.
    pub(super) fn bad_type(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message)
    }
}

impl IntoResponse for RequestError {
    fn into_response(self) -> Response {
        let mut response = json(self.status, error_op(&self.message));
        let come_back = [
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::SERVICE_UNAVAILABLE,
        ];
        if come_back.contains(&self.status) {
            response.headers_mut().insert(RETRY_AFTER, 1.into());
        }
        response
    }
}

/// A response with a JSON text.
pub(super) fn json(status: StatusCode, text: impl Into<Bytes>) -> Response {
    (status, [(CONTENT_TYPE, JSON)], text.into()).into_response()
}

/// The op that says what is wrong.
pub(super) fn error_op(message: &str) -> Vec<u8> {
    let message = message.to_owned();
    // A text: nothing in it can fail to be written.
    serde_json::to_vec(&SystemOp::<&str>::Error { message }).unwrap_or_default()
}
