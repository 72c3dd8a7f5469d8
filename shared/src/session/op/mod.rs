//! Control ops of the push-wire dialect: MessagePack maps with named fields, the first of which is `op`
//! (docs/protocol.md section 5).

mod client;
mod fields;
mod server;

use alloc::string::String;
use core::fmt;

pub use client::{Auth, ClientOp, ScopeRequest, Subscribe};
pub use server::{
    AuthOk, ChannelInfo, DictionaryInfo, ErrorCode, RejectedMessage, ServerOp, StreamHead,
};

use crate::encoding::msgpack::token::TokenError;

/// Why a control frame could not be read.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum OpError {
    /// The bytes are not the MessagePack that the op needs.
    Malformed(TokenError),
    /// The map does not begin with `op`, or names an op that this version does not know.
    Unknown(String),
    /// A field that the op needs is missing or has an impossible value.
    Field {
        /// The op.
        op: &'static str,
        /// The field.
        field: &'static str,
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
            Self::Field { op, field } => {
                f.write_str(op)?;
                f.write_str(" needs a valid ")?;
                f.write_str(field)
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
