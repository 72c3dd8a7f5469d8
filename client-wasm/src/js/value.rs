//! Values between Rust and JavaScript.

use js_sys::{BigInt, JSON};
use push_wire_shared::PayloadEncoding;
use push_wire_shared::position::{Epoch, Position, Tag};
use serde::{Deserialize, Serialize};
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::*;

use super::binary;
use crate::fetch;

/// The value of a body. The error is its description.
pub(super) fn read(body: &[u8], encoding: PayloadEncoding) -> Result<JsValue, String> {
    match encoding {
        PayloadEncoding::Json => {
            let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
            JSON::parse(text).map_err(|thrown| fetch::text(&thrown))
        }
        PayloadEncoding::MessagePack | PayloadEncoding::Cbor => binary::read(body, encoding),
    }
}

/// An object; `None` becomes `null`.
pub(super) fn object(value: &impl Serialize) -> JsValue {
    let serializer = Serializer::new().serialize_missing_as_null(true);
    value
        .serialize(&serializer)
        .unwrap_or_else(|error| error.into())
}

/// A number of 64 bits as a BigInt.
#[derive(Serialize)]
pub(super) struct Big(#[serde(with = "serde_wasm_bindgen::preserve")] BigInt);

impl From<u64> for Big {
    fn from(number: u64) -> Self {
        Self(BigInt::from(number))
    }
}

/// A position, whose epoch is 16 hexadecimal digits.
#[derive(Serialize)]
pub(super) struct PositionOut {
    epoch: String,
    cursor: Big,
    tag: u32,
}

impl From<Position> for PositionOut {
    fn from(position: Position) -> Self {
        Self {
            epoch: format!("{:016x}", position.epoch.0),
            cursor: position.cursor.into(),
            tag: position.tag.0,
        }
    }
}

/// A position of the application, whose parts were checked.
#[derive(Deserialize)]
pub(super) struct PositionIn {
    epoch: String,
    cursor: u64,
    #[serde(default)]
    tag: u32,
}

impl From<PositionIn> for Position {
    fn from(position: PositionIn) -> Self {
        Self {
            epoch: Epoch(u64::from_str_radix(&position.epoch, 16).unwrap_or_default()),
            cursor: position.cursor,
            tag: Tag(position.tag),
        }
    }
}
