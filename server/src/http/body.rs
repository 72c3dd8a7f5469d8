//! Bodies of POST requests, with a limit and a deadline.

use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, EXPECT, HeaderMap};
use axum::http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;

use super::error::RequestError;
use crate::hub::Hub;
use crate::limits::DISCARDED_BYTES;
use crate::peer::Dialect;

/// Reads a client's message, within the time of a handshake.
pub(super) async fn read_message(
    hub: &Hub,
    request: &Parts,
    body: Body,
) -> Result<Bytes, RequestError> {
    let (limit, time) = (hub.limits().message_bytes, hub.session_config().handshake);
    read(&request.headers, body, limit, time).await
}

/// Reads the body of a request, of at most `limit` bytes and within `time`.
pub(super) async fn read(
    headers: &HeaderMap,
    mut body: Body,
    limit: usize,
    time: Duration,
) -> Result<Bytes, RequestError> {
    let too_large = || {
        let message = format!("the body is above the limit of {limit} bytes");
        RequestError::new(StatusCode::PAYLOAD_TOO_LARGE, message)
    };
    // Not read, it is not asked for.
    if headers.contains_key(EXPECT) && body.size_hint().lower() > limit as u64 {
        return Err(too_large());
    }
    let collected = timeout(time, Limited::new(&mut body, limit).collect()).await;
    let Ok(collected) = collected else {
        let message = format!("the body did not arrive within {} ms", time.as_millis());
        return Err(RequestError::new(StatusCode::REQUEST_TIMEOUT, message));
    };
    match collected {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            if timeout(time, discard(&mut body)).await.is_err() {
                tracing::debug!("the rest of a body above the limit did not arrive in time");
            }
            Err(too_large())
        }
        Err(error) => Err(RequestError::bad(format!(
            "the body cannot be read: {error}"
        ))),
    }
}

/// Reads the rest of a body, up to a limit. A connection that is closed while bytes of it are unread is reset, and its
/// client can lose the answer.
async fn discard(body: &mut Body) {
    let mut left = DISCARDED_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        let Some(rest) = left.checked_sub(bytes) else {
            return;
        };
        left = rest;
    }
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
