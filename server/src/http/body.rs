//! Bodies of POST requests, with a limit and a deadline.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderMap};
use http_body_util::{BodyExt, Collected, LengthLimitError, Limited};
use tokio::time::timeout;

use super::error::RequestError;
use crate::peer::Dialect;

/// Reads the body of a request, of at most `limit` bytes and within `time`.
pub(super) async fn read(body: Body, limit: usize, time: Duration) -> Result<Bytes, RequestError> {
    let collected = timeout(time, Limited::new(body, limit).collect()).await;
    let Ok(collected) = collected else {
        let message = format!("the body did not arrive within {} ms", time.as_millis());
        return Err(RequestError::new(StatusCode::REQUEST_TIMEOUT, message));
    };
    collected.map(Collected::to_bytes).map_err(|error| {
        if error.is::<LengthLimitError>() {
            let message = format!("the body is above the limit of {limit} bytes");
            return RequestError::new(StatusCode::PAYLOAD_TOO_LARGE, message);
        }
        RequestError::bad(format!("the body cannot be read: {error}"))
    })
}

/// The dialect of a POST, by its content type. Pages of other origins cannot send these types without asking the server
/// (CORS).
pub(super) fn dialect(headers: &HeaderMap) -> Result<Dialect, RequestError> {
    let given = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let given = given.unwrap_or_default();
    let media_type = given.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/json") {
        Ok(Dialect::JsonEvents)
    } else if media_type.eq_ignore_ascii_case("application/octet-stream") {
        Ok(Dialect::Wire)
    } else {
        let message = format!(
            "the content type is {given:?}: application/json in the JSON dialect, application/octet-stream in the \
             push-wire dialect"
        );
        Err(RequestError::bad_type(message))
    }
}
