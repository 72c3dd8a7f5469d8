//! serde helpers for fields of ops: fixed byte strings, names, and values that are left out.

use alloc::format;
use core::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::channel::ChannelMode;
use crate::encoding::PayloadEncoding;
use crate::position::{Epoch, Position, ResetReason, Tag};
use crate::quote::quoted;

use super::ErrorCode;

/// A byte string of `N` bytes: an id, a secret or a hash.
#[derive(Clone, Copy)]
pub(super) struct Fixed<const N: usize>(pub(super) [u8; N]);

impl<const N: usize> Serialize for Fixed<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Fixed<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(FixedVisitor)
    }
}

struct FixedVisitor<const N: usize>;

impl<const N: usize> Visitor<'_> for FixedVisitor<N> {
    type Value = Fixed<N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{N} bytes")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        let fixed = bytes.try_into().map(Fixed);
        fixed.map_err(|_| E::invalid_length(bytes.len(), &self))
    }
}

/// `#[serde(with = "fixed")]`: a byte array as one byte string.
pub(super) mod fixed {
    use super::{Deserialize, Deserializer, Fixed, Serialize, Serializer};

    pub(in super::super) fn serialize<S: Serializer, const N: usize>(
        bytes: &[u8; N],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        Fixed(*bytes).serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        deserializer: D,
    ) -> Result<[u8; N], D::Error> {
        Fixed::deserialize(deserializer).map(|fixed| fixed.0)
    }
}

/// `#[serde(with = "opt_fixed")]`: the same, where it may be left out.
pub(super) mod opt_fixed {
    use super::{Deserialize, Deserializer, Fixed, Serialize, Serializer};

    pub(in super::super) fn serialize<S: Serializer, const N: usize>(
        bytes: &Option<[u8; N]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        bytes.map(Fixed).serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        deserializer: D,
    ) -> Result<Option<[u8; N]>, D::Error> {
        Option::deserialize(deserializer).map(|fixed: Option<Fixed<N>>| fixed.map(|fixed| fixed.0))
    }
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

/// `#[serde(with = "name")]`: a value by its name. An unknown name is an error that quotes it.
pub(super) mod name {
    use super::{Deserializer, NameVisitor, Named, Serializer};
    use core::marker::PhantomData;

    pub(in super::super) fn serialize<S: Serializer, T: Named>(
        value: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(value.wire_name())
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>, T: Named>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        deserializer.deserialize_str(NameVisitor(PhantomData))
    }
}

struct NameVisitor<T>(core::marker::PhantomData<T>);

impl<T: Named> Visitor<'_> for NameVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the name of a known {}", T::WHAT)
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<T, E> {
        T::from_wire_name(name)
            .ok_or_else(|| E::custom(format!("unknown {} {}", T::WHAT, quoted(name))))
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
