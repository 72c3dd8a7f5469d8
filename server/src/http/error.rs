//! Error responses of the event stream's requests: an `error` op of the JSON dialect, as JSON.

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use push_wire_shared::SystemOp;

use crate::admission::AdmissionError;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Error of a request, with the status of its answer.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct RequestError {
    status: StatusCode,
    message: String,
    /// Seconds before the next attempt, where one may succeed.
    retry_after: Option<u64>,
}

impl RequestError {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let may_succeed_later = matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
        );
        Self {
            status,
            message: message.into(),
            retry_after: may_succeed_later.then_some(1),
        }
    }

    /// Returns whether the request was for no session, or could not be read: not one of a client that is known, whose
    /// own rates count.
    pub(super) fn reached_no_session(&self) -> bool {
        self.retry_after.is_none()
            && self.status.is_client_error()
            && self.status != StatusCode::GONE
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

impl From<AdmissionError> for RequestError {
    fn from(error: AdmissionError) -> Self {
        Self {
            status: error.status(),
            message: error.to_string(),
            retry_after: Some(error.retry_after()),
        }
    }
}

impl IntoResponse for RequestError {
    fn into_response(self) -> Response {
        let mut response = json(self.status, error_op(&self.message));
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// A response with a JSON text.
pub(super) fn json(status: StatusCode, text: impl Into<Bytes>) -> Response {
    (status, [(CONTENT_TYPE, JSON)], text.into()).into_response()
}

/// Op `error` with this message, as JSON.
pub(super) fn error_op(message: &str) -> Vec<u8> {
    let message = message.to_owned();
    // A text: nothing in it can fail to be written.
    serde_json::to_vec(&SystemOp::<&str>::Error { message }).unwrap_or_default()
}
