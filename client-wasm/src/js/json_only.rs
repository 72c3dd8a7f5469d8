//! Stand-in for MessagePack and CBOR in builds without them: a client cannot ask for them, so that no body is in one.

use push_wire_shared::PayloadEncoding;
use push_wire_shared::encoding::EncodeError;
use wasm_bindgen::JsValue;

const ONLY_JSON: &str = "this client was built for JSON only";

pub(super) fn read(_: &[u8], _: PayloadEncoding) -> Result<JsValue, String> {
    Err(ONLY_JSON.into())
}

pub(super) fn write(_: &JsValue, _: PayloadEncoding) -> Result<Vec<u8>, EncodeError> {
    Err(EncodeError::Refused(ONLY_JSON.into()))
}
