//! Bodies of client messages: whatever encoding they came in, the application gets JSON text or bytes.

use bytes::Bytes;
use push_wire_shared::encoding::{DecodeError, PayloadEncoding, cbor, msgpack};
use push_wire_shared::session::op::ErrorCode;
use push_wire_shared::session::server::MessageError;
use push_wire_shared::session::wire::Content;
use serde::de::IgnoredAny;

use super::json_text::JsonText;

/// The body as JSON text, or as the application's bytes.
///
/// # Errors
/// When it is no value of its encoding.
pub(super) fn to_json(
    content: Content,
    encoding: PayloadEncoding,
    body: Bytes,
) -> Result<Bytes, MessageError> {
    match (content, encoding) {
        (Content::Bytes, _) => Ok(body),
        (Content::Value, PayloadEncoding::Json) => {
            match serde_json::from_slice::<IgnoredAny>(&body) {
                Ok(_) => Ok(body),
                Err(error) => Err(bad_payload(&error)),
            }
        }
        (Content::Value, PayloadEncoding::MessagePack) => as_text(msgpack::from_slice(&body)),
        (Content::Value, PayloadEncoding::Cbor) => as_text(cbor::from_slice(&body)),
    }
}

fn as_text(text: Result<JsonText, DecodeError>) -> Result<Bytes, MessageError> {
    match text {
        Ok(JsonText(text)) => Ok(Bytes::from(text)),
        Err(error) => Err(bad_payload(&error)),
    }
}

fn bad_payload(error: &dyn std::fmt::Display) -> MessageError {
    MessageError {
        code: ErrorCode::BadPayload,
        message: format!("the payload cannot be read: {error}"),
    }
}
