//! Fields of ops as serde writes them: fixed byte strings, names, texts that are cut, and values that are left out.

use alloc::string::String;

use serde::ser::{Serialize, Serializer};

use crate::channel::ChannelMode;
use crate::encoding::PayloadEncoding;
use crate::position::{Epoch, Position, ResetReason, Tag};
use crate::quote::cut;

use super::ErrorCode;

/// A byte string of `N` bytes: an id, a secret or a hash.
#[derive(Clone, Copy)]
struct Fixed<const N: usize>([u8; N]);

impl<const N: usize> Serialize for Fixed<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

/// Writes a byte array as one byte string.
pub(super) fn fixed<S: Serializer, const N: usize>(
    bytes: &[u8; N],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    Fixed(*bytes).serialize(serializer)
}

/// The same, where it may be left out.
pub(super) fn opt_fixed<S: Serializer, const N: usize>(
    bytes: &Option<[u8; N]>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    bytes.map(Fixed).serialize(serializer)
}

/// A value written as its name.
pub(super) trait Named: Sized + Copy {
    /// Kind of the name, for error texts.
    const WHAT: &'static str;

    fn wire_name(self) -> &'static str;
    fn from_wire_name(name: &str) -> Option<Self>;
}

macro_rules! named {
    ($($type:ty: $what:literal, $from_name:expr;)*) => {
        $(impl Named for $type {
            const WHAT: &'static str = $what;

            fn wire_name(self) -> &'static str {
                self.name()
            }

            fn from_wire_name(name: &str) -> Option<Self> {
                $from_name(name)
            }
        })*
    };
}

named! {
    PayloadEncoding: "encoding", PayloadEncoding::from_name;
    ResetReason: "reason", ResetReason::from_name;
    ChannelMode: "mode", ChannelMode::from_name;
    // Codes of later versions are kept as unknown codes, because the op is an error with any code.
    ErrorCode: "code", |name| Some(ErrorCode::from_name(name));
}

/// Writes a value as its name.
pub(super) fn name<S: Serializer, T: Named>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(value.wire_name())
}

/// Writes a text field, cut to `N` bytes: what its reader takes.
pub(super) fn cut_text<T, S, const N: usize>(text: &T, serializer: S) -> Result<S::Ok, S::Error>
where
    T: AsRef<str>,
    S: Serializer,
{
    serializer.serialize_str(&cut(text.as_ref(), N))
}

/// Writes a text field that may be left out, cut to `N` bytes.
pub(super) fn cut_opt_text<S, const N: usize>(
    text: &Option<String>,
    serializer: S,
) -> Result<S::Ok, S::Error>
where
    S: Serializer,
{
    match text {
        Some(text) => serializer.serialize_some(&*cut(text, N)),
        None => serializer.serialize_none(),
    }
}

/// Returns whether a flag is left out.
pub(super) fn is_false(flag: &bool) -> bool {
    !flag
}

/// Returns whether a tag is left out: it is not known.
pub(super) fn is_untagged(tag: &u32) -> bool {
    *tag == 0
}

/// The position that its three fields make. There is no entry of cursor 0, and so no tag.
pub(super) const fn position(epoch: u64, cursor: u64, tag: u32) -> Position {
    let tag = if cursor == 0 { 0 } else { tag };
    Position {
        epoch: Epoch(epoch),
        cursor,
        tag: Tag(tag),
    }
}
