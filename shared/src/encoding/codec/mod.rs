//! One serde codec for both binary encodings; they differ in their [`Format`] and [`Tokens`] only.

mod de;
mod error;
mod format;
mod ser;
mod tokens;

pub(super) use de::from_tokens;
pub(super) use error::CodecError;
pub(super) use format::{Container, Format};
pub(super) use ser::write_value;
pub(super) use tokens::{Pieces, Token, Tokens, attempt};
