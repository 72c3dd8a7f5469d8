//! Binary assets (pictures, files) inside payloads that are otherwise plain values.

mod check;

use alloc::string::String;

pub use check::{AssetCheck, AssetError};
use serde::{Deserialize, Serialize};

use crate::integer;

/// A binary asset, inline or as a URL. In JSON the tag is `kind`: `inline` or `pointer`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum BinaryEnvelope {
    /// The bytes, in base64.
    Inline {
        /// Media type, such as `image/png`.
        mime: String,
        /// SHA-256 of the bytes, in hexadecimal.
        sha256: String,
        /// Number of bytes, before base64.
        #[serde(deserialize_with = "integer::one")]
        size: u64,
        /// The bytes in base64.
        data_base64: String,
        /// File name to show.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// A URL of the bytes.
    Pointer {
        /// Media type, such as `image/png`.
        mime: String,
        /// SHA-256 of the bytes, in hexadecimal.
        sha256: String,
        /// Number of bytes.
        #[serde(deserialize_with = "integer::one")]
        size: u64,
        /// URL to fetch the bytes from.
        url: String,
        /// File name to show.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
}
