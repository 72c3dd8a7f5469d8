//! One serde codec for both binary encodings; they differ in their [`Format`] and [`Tokens`] only.

mod de;
mod format;
mod ser;

pub(super) use de::{Token, Tokens, from_tokens};
pub(super) use format::{Container, Format};
pub(super) use ser::write_value;
