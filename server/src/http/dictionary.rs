//! The request for a dictionary (docs/protocol.md section 5.7).

use axum::http::StatusCode;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue,
};
use axum::response::{IntoResponse, Response};

use crate::hub::Hub;

/// Cache policy: a dictionary never changes, so clients may keep it for a year; shared caches may not, because it holds
/// parts of published messages.
const FOREVER: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");

/// Response with the dictionary of this SHA-256, in hexadecimal, or 404. The hash cannot be guessed, and is sent only
/// to clients that may read the channel, so pages of any origin may fetch it without credentials.
pub(crate) fn dictionary(hub: &Hub, sha256: &str) -> Response {
    let Some(bytes) = parse(sha256).and_then(|sha256| hub.dictionary(&sha256)) else {
        let message = "no dictionary of this SHA-256 is in use";
        return (StatusCode::NOT_FOUND, message).into_response();
    };
    let headers = [
        (
            CONTENT_TYPE,
            HeaderValue::from_static("application/octet-stream"),
        ),
        (CACHE_CONTROL, FOREVER),
        (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("cross-origin"),
        ),
    ];
    (headers, bytes).into_response()
}

fn parse(hex: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    hex::decode_to_slice(hex, &mut hash).ok()?;
    Some(hash)
}
