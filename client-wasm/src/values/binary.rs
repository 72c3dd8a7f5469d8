//! Conversion of MessagePack and CBOR by way of JSON text, so that a value is read and written by its type's JSON form.

use push_wire_shared::PayloadEncoding;
use push_wire_shared::encoding::{DecodeError, json};

/// JSON text in an encoding.
pub(super) fn of_json(text: &[u8], encoding: PayloadEncoding) -> Result<Vec<u8>, DecodeError> {
    json::transcode(text, encoding)
}

/// A body as JSON text.
pub(super) fn to_json(body: &[u8], encoding: PayloadEncoding) -> Result<Vec<u8>, DecodeError> {
    json::from_body(body, encoding)
}
