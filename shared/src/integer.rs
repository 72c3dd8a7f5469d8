//! Integers in types that serde reads twice: enums whose tag is one of their fields.
//!
//! serde keeps the fields of such an enum until it has seen the tag. If any crate of a build turns on `serde_json`'s
//! feature `arbitrary_precision`, JSON numbers are kept as maps of one text, which integers cannot be read from. For
//! use with `#[serde(deserialize_with = "…")]`.

use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// An integer, or the map that stands for one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Integer {
    Number(u64),
    Text {
        #[serde(rename = "$serde_json::private::Number")]
        digits: alloc::string::String,
    },
}

impl Integer {
    fn get<E: Error>(self) -> Result<u64, E> {
        match self {
            Self::Number(n) => Ok(n),
            Self::Text { digits } => digits.parse().map_err(E::custom),
        }
    }
}

/// An integer.
///
/// # Errors
/// Fails if the value is none of 0 to 2^64 - 1.
pub(crate) fn one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Integer::deserialize(deserializer)?.get()
}
