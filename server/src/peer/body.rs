//! Conversion of client messages' bodies to JSON text, whatever encoding they came in; bytes stay as they are.

use bytes::Bytes;
use push_wire_shared::encoding::{PayloadEncoding, json};
use push_wire_shared::session::op::ErrorCode;
use push_wire_shared::session::server::MessageError;
use push_wire_shared::session::wire::Content;

/// The body as JSON text, or as the application's bytes.
///
/// # Errors
/// Fails if it is not a value of its encoding, or holds what another encoding cannot express.
pub(super) fn to_json(
    content: Content,
    encoding: PayloadEncoding,
    body: Bytes,
) -> Result<Bytes, MessageError> {
    match (content, encoding) {
        (Content::Bytes, _) => Ok(body),
        (Content::Value, PayloadEncoding::Json) => match json::check(&body) {
            Ok(()) => Ok(body),
            Err(error) => Err(bad_payload(&error)),
        },
        (Content::Value, PayloadEncoding::MessagePack | PayloadEncoding::Cbor) => {
            match json::from_body(&body, encoding) {
                Ok(text) => Ok(text.into()),
                Err(error) => Err(bad_payload(&error)),
            }
        }
    }
}

fn bad_payload(error: &dyn std::fmt::Display) -> MessageError {
    let message = format!("the payload cannot be read: {error}");
    MessageError::new(ErrorCode::BadPayload, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(encoding: PayloadEncoding, body: &'static [u8]) -> Result<Bytes, MessageError> {
        to_json(Content::Value, encoding, Bytes::from_static(body))
    }

    #[test]
    fn inexpressible_json_is_refused() {
        for body in [&br#""\ud800""#[..], b"1e400", b"[1,]", b"\"\xff\""] {
            let error = read(PayloadEncoding::Json, body).unwrap_err();
            assert_eq!(error.code, ErrorCode::BadPayload, "{body:?}");
        }
        let text = br#"{"n":18446744073709551615,"s":"\ud83d\ude00"}"#;
        assert_eq!(read(PayloadEncoding::Json, text).as_deref(), Ok(&text[..]));
    }

    #[test]
    fn timestamps_become_text() {
        let body = b"\x81\xa2at\xd6\xff\x00\x00\x00\x01";
        let text = read(PayloadEncoding::MessagePack, body);
        assert_eq!(
            text.as_deref(),
            Ok(&br#"{"at":"1970-01-01T00:00:01.000Z"}"#[..])
        );
        let other_extension = b"\xd6\x05\x00\x00\x00\x01";
        assert!(read(PayloadEncoding::MessagePack, other_extension).is_err());
    }
}
