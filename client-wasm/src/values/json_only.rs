//! Stand-in for the binary encodings in builds without them: a client cannot ask for them, so that no body is in one.

use push_wire_shared::PayloadEncoding;
use push_wire_shared::encoding::DecodeError;

const ONLY_JSON: DecodeError = DecodeError::Malformed {
    expected: "JSON",
    at: 0,
};

pub(super) fn of_json(_: &[u8], _: PayloadEncoding) -> Result<Vec<u8>, DecodeError> {
    Err(ONLY_JSON)
}

pub(super) fn to_json(_: &[u8], _: PayloadEncoding) -> Result<Vec<u8>, DecodeError> {
    Err(ONLY_JSON)
}
