//! Control ops of the push-wire dialect: MessagePack maps with named fields, the first of which is `op`
//! (docs/protocol.md section 5).

mod bounded;
mod client;
mod error_code;
mod fields;
mod notice;
mod server;
mod skipped;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

pub use bounded::{Bounded, BoundedText};
pub use client::{Auth, ClientOp, ScopeRequest, Subscribe};
pub use error_code::ErrorCode;
pub use notice::{Features, Health, Slow, SystemNotice};
pub use server::{AuthOk, ChannelInfo, DictionaryInfo, RejectedMessage, ServerOp, StreamHead};
pub use skipped::Skipped;

use crate::encoding::DecodeError;
use crate::encoding::msgpack::{
    self,
    token::{Reader, TokenError},
};
use crate::limits::OP_FIELDS;
use crate::quote::quoted;

/// Error of reading a control frame.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum OpError {
    /// The bytes are not exactly one MessagePack map.
    Malformed(TokenError),
    /// The map does not begin with `op`, or names an op that this version does not know: the name, cut to
    /// [`QUOTE_BYTES`](crate::limits::QUOTE_BYTES).
    Unknown(String),
    /// A key comes twice: its name, cut to [`QUOTE_BYTES`](crate::limits::QUOTE_BYTES).
    Repeated(String),
    /// More fields than [`OP_FIELDS`]: their number.
    TooManyFields(usize),
    /// A field of the op is missing or has a wrong value.
    Invalid {
        /// The op.
        op: &'static str,
        /// Error in its fields.
        error: DecodeError,
    },
}

impl fmt::Display for OpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => error.fmt(f),
            Self::Unknown(op) => {
                f.write_str("unknown op ")?;
                f.write_str(op)
            }
            Self::Repeated(key) => {
                f.write_str("key that comes twice: ")?;
                f.write_str(key)
            }
            Self::TooManyFields(fields) => {
                write!(
                    f,
                    "an op of {fields} fields is above the limit of {OP_FIELDS}"
                )
            }
            Self::Invalid { op, error } => {
                f.write_str(op)?;
                f.write_str(": ")?;
                error.fmt(f)
            }
        }
    }
}

impl core::error::Error for OpError {}

impl From<TokenError> for OpError {
    fn from(error: TokenError) -> Self {
        Self::Malformed(error)
    }
}

/// Name of the op that these bytes hold, which is the value of their first field. No key may come twice, unknown ones
/// included.
fn op_name(bytes: &[u8]) -> Result<&str, OpError> {
    let mut reader = Reader::new(bytes);
    let fields = reader.map()?;
    if fields == 0 || reader.str()? != "op" {
        return Err(OpError::Unknown("(the first field must be op)".into()));
    }
    let name = reader.str()?;
    if fields > OP_FIELDS {
        return Err(OpError::TooManyFields(fields));
    }
    let mut keys = Vec::with_capacity(fields);
    keys.push("op");
    for _ in 1..fields {
        let key = reader.str()?;
        if keys.contains(&key) {
            return Err(OpError::Repeated(quoted(key).into_owned()));
        }
        keys.push(key);
        reader.skip()?;
    }
    Ok(name)
}

/// Fields of the op of this name; unknown ones, and `op`, are skipped.
fn op_fields<'de, T: Deserialize<'de>>(op: &'static str, bytes: &'de [u8]) -> Result<T, OpError> {
    msgpack::read_named(bytes).map_err(|error| OpError::Invalid { op, error })
}

/// The error of an unknown op name.
fn unknown_op(name: &str) -> OpError {
    OpError::Unknown(quoted(name).into_owned())
}

/// Appends an op as a map with named fields.
fn write_op<T: Serialize>(out: &mut Vec<u8>, op: &T) {
    if msgpack::write_named(out, op).is_err() {
        debug_assert!(false, "ops are flat, and of types that can be written");
    }
}
