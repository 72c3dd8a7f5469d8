//! Maps with named fields, as control ops are.
//!
//! The codec of bodies reads every type that an application may have, as fast as possible, with code of its own for
//! each. Here is what ops are made of: unsigned integers, booleans, texts, bytes, lists, and structs as maps. The browser
//! module holds a tenth of the code.

use alloc::vec::Vec;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, forward_to_deserialize_any};

use super::MessagePack;
use super::token::Reader;
use crate::encoding::codec::{CodecError, write_value};
use crate::encoding::{DecodeError, EncodeError};

/// Appends a value whose structs are maps with their fields' names.
///
/// # Errors
/// Fails if it is nested too deep or its `Serialize` fails.
pub(crate) fn write_named<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    value: &T,
) -> Result<(), EncodeError> {
    write_value::<MessagePack<true>, T>(out, value)
}

/// Reads a value that [`write_named`] or another implementation wrote, which fills all of the bytes. Fields that the type
/// does not have are skipped.
///
/// # Errors
/// Fails if the bytes are no MessagePack, are cut off or go on after the value, or hold something else than a `T`.
pub(crate) fn read_named<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, DecodeError> {
    let mut reader = Reader::new(bytes);
    let value = T::deserialize(Named(&mut reader));
    let at = reader.offset();
    match value {
        Ok(value) if reader.remaining() == 0 => Ok(value),
        Ok(_) => Err(DecodeError::TrailingBytes { at }),
        Err(error) => Err(error.placed(at)),
    }
}

/// The next value of a reader. It goes no deeper than its types do: those of ops do not contain themselves.
struct Named<'r, 'de>(&'r mut Reader<'de>);

/// The reader's methods, each built once: inlined into every field of every op they are a third of the module's ops.
impl<'de> Named<'_, 'de> {
    #[inline(never)]
    fn bool(self) -> Result<bool, CodecError> {
        Ok(self.0.bool()?)
    }

    #[inline(never)]
    fn str(self) -> Result<&'de str, CodecError> {
        Ok(self.0.str()?)
    }

    #[inline(never)]
    fn bin(self) -> Result<&'de [u8], CodecError> {
        Ok(self.0.bin()?)
    }

    #[inline(never)]
    fn uint(self) -> Result<u64, CodecError> {
        let start = self.0.clone();
        if let Ok(n) = self.0.uint() {
            return Ok(n);
        }
        *self.0 = start.clone();
        // Some implementations write every integer in a signed form.
        let n = self.0.int().ok().and_then(|n| u64::try_from(n).ok());
        n.ok_or_else(|| start.error("an unsigned integer").into())
    }
}

/// The items of a list, or the keys and values of a map.
struct Items<'r, 'de> {
    reader: &'r mut Reader<'de>,
    left: usize,
}

impl<'r, 'de> Items<'r, 'de> {
    #[inline(never)]
    fn list(reader: &'r mut Reader<'de>) -> Result<Self, CodecError> {
        let left = reader.array()?;
        Ok(Self { reader, left })
    }

    #[inline(never)]
    fn map(reader: &'r mut Reader<'de>) -> Result<Self, CodecError> {
        let left = reader.map()?;
        Ok(Self { reader, left })
    }

    /// Checks that the visitor took every item.
    fn finish(&self) -> Result<(), CodecError> {
        if self.left == 0 {
            return Ok(());
        }
        Err(self
            .reader
            .error("fewer items in the list or map before")
            .into())
    }
}

impl<'de> SeqAccess<'de> for &mut Items<'_, 'de> {
    type Error = CodecError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, CodecError> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        self.left = left;
        seed.deserialize(Named(self.reader)).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

impl<'de> MapAccess<'de> for &mut Items<'_, 'de> {
    type Error = CodecError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, CodecError> {
        self.next_element_seed(seed)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, CodecError> {
        seed.deserialize(Named(self.reader))
    }
}

/// Methods that read a value with one of those above.
macro_rules! values {
    ($($read:ident as $visit:ident for $($method:ident)*;)*) => {
        $($(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CodecError> {
            visitor.$visit(self.$read()?)
        })*)*
    };
}

impl<'de> Deserializer<'de> for Named<'_, 'de> {
    type Error = CodecError;

    values! {
        bool as visit_bool for deserialize_bool;
        str as visit_borrowed_str for deserialize_str deserialize_string deserialize_identifier;
        bin as visit_borrowed_bytes for deserialize_bytes deserialize_byte_buf;
        uint as visit_u64 for deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64;
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CodecError> {
        if self.0.peek() != Some(NIL) {
            return visitor.visit_some(self);
        }
        self.0.nil()?;
        visitor.visit_none()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CodecError> {
        let mut items = Items::list(self.0)?;
        let value = visitor.visit_seq(&mut items)?;
        items.finish()?;
        Ok(value)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CodecError> {
        let mut items = Items::map(self.0)?;
        let value = visitor.visit_map(&mut items)?;
        items.finish()?;
        Ok(value)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CodecError> {
        self.0.skip()?;
        visitor.visit_unit()
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, CodecError> {
        Err(self.0.error("a type that control ops are made of").into())
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u128 f32 f64 char unit unit_struct tuple_struct enum
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// The marker of nil.
const NIL: u8 = 0xc0;
