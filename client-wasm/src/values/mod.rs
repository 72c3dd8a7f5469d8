//! Values of bodies, for the Rust API: what their JSON is, in the encoding of the connection.

#[cfg(feature = "binary-values")]
mod binary;
#[cfg(not(feature = "binary-values"))]
mod json_only;

#[cfg(not(feature = "binary-values"))]
use json_only as binary;
use push_wire_shared::PayloadEncoding;
use push_wire_shared::encoding::{DecodeError, EncodeError, json};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ConnectError;

/// Checks that this build reads and writes an encoding.
pub(crate) fn check(encoding: PayloadEncoding) -> Result<(), ConnectError> {
    if encoding == PayloadEncoding::Json || cfg!(feature = "binary-values") {
        return Ok(());
    }
    Err(ConnectError::LeftOut {
        setting: "encoding",
        value: encoding.name(),
        feature: "binary-values",
    })
}

/// The body of a value.
pub(crate) fn encode<T: Serialize + ?Sized>(
    value: &T,
    encoding: PayloadEncoding,
) -> Result<Vec<u8>, EncodeError> {
    let text = json::to_vec(value)?;
    match encoding {
        PayloadEncoding::Json => Ok(text),
        PayloadEncoding::MessagePack | PayloadEncoding::Cbor => {
            binary::of_json(&text, encoding).map_err(EncodeError::NotInEveryEncoding)
        }
    }
}

/// The value of a body.
pub(crate) fn decode<T: DeserializeOwned>(
    body: &[u8],
    encoding: PayloadEncoding,
) -> Result<T, DecodeError> {
    match encoding {
        PayloadEncoding::Json => json::from_slice(body),
        PayloadEncoding::MessagePack | PayloadEncoding::Cbor => {
            json::from_slice(&binary::to_json(body, encoding)?)
        }
    }
}

#[cfg(all(test, not(feature = "binary-values")))]
mod tests {
    use super::*;

    #[test]
    fn encodings_that_were_left_out_are_refused() {
        assert_eq!(check(PayloadEncoding::Json), Ok(()));
        let refused = check(PayloadEncoding::Cbor).unwrap_err().to_string();
        assert_eq!(
            refused,
            "encoding is \"cbor\", for which this client was built without its cargo feature `binary-values`"
        );
        assert!(decode::<u8>(b"\x01", PayloadEncoding::Cbor).is_err());
        assert!(encode(&1, PayloadEncoding::MessagePack).is_err());
    }
}
