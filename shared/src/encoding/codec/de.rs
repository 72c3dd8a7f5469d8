//! serde deserializer over the tokens of a binary encoding.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a token of another kind is an error, or goes to `plain`, which lists them all"
)]

use alloc::string::String;
use alloc::vec::Vec;

use serde::de::value::SeqDeserializer;
use serde::de::{
    self, Deserialize, DeserializeSeed, EnumAccess, Error, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::{CodecError, Container, Pieces, Token, Tokens};
use crate::encoding::DecodeError;
use crate::limits::NESTING;

/// Reads one value, after which nothing may follow.
pub(in crate::encoding) fn from_tokens<'de, S: Tokens<'de>, T: Deserialize<'de>>(
    tokens: S,
) -> Result<T, DecodeError> {
    let mut deserializer = Deserializer {
        tokens,
        depth: NESTING,
    };
    let value = T::deserialize(&mut deserializer);
    let at = deserializer.tokens.offset();
    match value {
        Ok(value) if deserializer.tokens.is_empty() => Ok(value),
        Ok(_) => Err(DecodeError::TrailingBytes { at }),
        Err(error) => Err(error.placed(at)),
    }
}

struct Deserializer<S> {
    tokens: S,
    /// Levels that may still be opened.
    depth: usize,
}

impl<'de, S: Tokens<'de>> Deserializer<S> {
    /// The error of a next byte that is not `expected`.
    #[cold]
    fn malformed(&self, expected: &'static str) -> CodecError {
        CodecError::malformed(expected, self.tokens.offset())
    }

    #[inline]
    fn plain<V: Visitor<'de>>(
        &mut self,
        token: Token<'de>,
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        match token {
            Token::Nil => visitor.visit_unit(),
            Token::Bool(value) => visitor.visit_bool(value),
            Token::Uint(n) => visitor.visit_u64(n),
            Token::Int(n) => visitor.visit_i64(n),
            Token::WideNegative(n) => visitor.visit_i128(!i128::from(n)),
            Token::Single(n) => visitor.visit_f32(n),
            Token::Double(n) => visitor.visit_f64(n),
            Token::Str(text) => visitor.visit_borrowed_str(text),
            Token::Bytes(bytes) => visitor.visit_borrowed_bytes(bytes),
            Token::Timestamp(timestamp) => visitor.visit_string(timestamp.to_text()),
            Token::Pieces(Pieces::OfBytes) => visitor.visit_byte_buf(self.joined_bytes()?),
            Token::Pieces(Pieces::OfText) => visitor.visit_string(self.joined_text()?),
            Token::Open(Container::List, _) => Err(Error::invalid_type(Unexpected::Seq, &visitor)),
            Token::Open(Container::Map, _) => Err(Error::invalid_type(Unexpected::Map, &visitor)),
        }
    }

    /// A value that is no container. Never inlined, so that the shortcuts, which lead here for the rest, are small
    /// enough to be.
    #[inline(never)]
    fn scalar<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, CodecError> {
        let token = self.tokens.next()?;
        self.plain(token, visitor)
    }

    #[cold]
    fn joined_bytes(&mut self) -> Result<Vec<u8>, CodecError> {
        self.tokens.join(Pieces::OfBytes)
    }

    #[cold]
    fn joined_text(&mut self) -> Result<String, CodecError> {
        let at = self.tokens.offset();
        String::from_utf8(self.tokens.join(Pieces::OfText)?)
            .map_err(|_| CodecError::malformed("UTF-8", at))
    }

    fn container<V: Visitor<'de>>(
        &mut self,
        container: Container,
        left: Option<usize>,
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        self.enter()?;
        let mut items = Items { from: self, left };
        let value = match container {
            Container::List => visitor.visit_seq(&mut items),
            Container::Map => visitor.visit_map(&mut items),
        }?;
        items.finish()?;
        self.depth += 1;
        Ok(value)
    }

    fn enter(&mut self) -> Result<(), CodecError> {
        let Some(depth) = self.depth.checked_sub(1) else {
            let at = self.tokens.offset();
            return Err(DecodeError::TooDeep { at }.into());
        };
        self.depth = depth;
        Ok(())
    }

    /// Lists, maps, and bytes as a list of numbers: a `Vec<u8>` field takes them all.
    fn compound<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, CodecError> {
        match self.tokens.open() {
            Some((container, len)) => self.container(container, len, visitor),
            None => self.list_of_bytes(visitor),
        }
    }

    /// The values that [`compound`](Self::compound) takes besides containers.
    #[inline(never)]
    fn list_of_bytes<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, CodecError> {
        match self.tokens.next()? {
            Token::Bytes(bytes) => visitor.visit_seq(SeqDeserializer::new(bytes.iter().copied())),
            Token::Pieces(Pieces::OfBytes) => {
                visitor.visit_seq(SeqDeserializer::new(self.joined_bytes()?.into_iter()))
            }
            other => self.plain(other, visitor),
        }
    }

    /// An integer of 128 bits: a number, or sixteen bytes.
    fn wide(&mut self) -> Result<i128, CodecError> {
        let at = self.tokens.offset();
        let wrong = || CodecError::malformed("an integer, or sixteen bytes", at);
        match self.tokens.next()? {
            Token::Uint(n) => Ok(n.into()),
            Token::Int(n) => Ok(n.into()),
            Token::WideNegative(n) => Ok(!i128::from(n)),
            Token::Bytes(bytes) => match bytes.try_into() {
                Ok(bytes) => Ok(i128::from_be_bytes(bytes)),
                Err(_) => Err(wrong()),
            },
            _ => Err(wrong()),
        }
    }
}

/// Types that are never containers, read by one of the reader's shortcuts.
macro_rules! scalars {
    ($($shortcut:ident as $visit:ident for $($method:ident)*;)*) => {
        $($(#[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CodecError> {
            match self.tokens.$shortcut() {
                Some(value) => visitor.$visit(value),
                None => self.scalar(visitor),
            }
        })*)*
    };
}

impl<'de, S: Tokens<'de>> de::Deserializer<'de> for &mut Deserializer<S> {
    type Error = CodecError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CodecError> {
        match self.tokens.next()? {
            Token::Open(container, len) => self.container(container, len, visitor),
            other => self.plain(other, visitor),
        }
    }

    scalars! {
        bool as visit_bool for deserialize_bool;
        int as visit_i64 for deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64;
        uint as visit_u64 for deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64;
        single as visit_f32 for deserialize_f32;
        double as visit_f64 for deserialize_f64;
        text as visit_borrowed_str for
            deserialize_char deserialize_str deserialize_string deserialize_identifier;
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CodecError> {
        self.scalar(visitor)
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CodecError> {
        visitor.visit_i128(self.wide()?)
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CodecError> {
        visitor.visit_u128(self.wide()?.cast_unsigned())
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CodecError> {
        if self.tokens.take_nil() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        match self.tokens.next()? {
            Token::Nil | Token::Open(Container::List, Some(0)) => visitor.visit_unit(),
            other => self.plain(other, visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CodecError> {
        self.compound(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CodecError> {
        self.compound(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        self.compound(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        self.compound(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        self.compound(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        let at = self.tokens.offset();
        let wrong = || CodecError::malformed("a variant's name, or a map of one variant", at);
        match self.tokens.next()? {
            Token::Open(Container::Map, Some(1)) => {
                self.enter()?;
                let value = visitor.visit_enum(Variant(&mut *self))?;
                self.depth += 1;
                Ok(value)
            }
            Token::Str(name) => visitor.visit_enum(de::value::BorrowedStrDeserializer::new(name)),
            Token::Pieces(Pieces::OfText) => {
                let name = self.joined_text()?;
                visitor.visit_enum(de::value::StringDeserializer::new(name))
            }
            Token::Uint(index) => match u32::try_from(index) {
                Ok(index) => visitor.visit_enum(de::value::U32Deserializer::new(index)),
                Err(_) => Err(wrong()),
            },
            _ => Err(wrong()),
        }
    }

    forward_to_deserialize_any! { bytes byte_buf ignored_any }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// The items of a container.
struct Items<'a, S> {
    from: &'a mut Deserializer<S>,
    left: Option<usize>,
}

impl<'de, S: Tokens<'de>> Items<'_, S> {
    /// Returns whether another item follows.
    #[inline]
    fn more(&mut self) -> bool {
        match &mut self.left {
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
            None if self.from.tokens.take_end() => {
                self.left = Some(0);
                false
            }
            None => true,
        }
    }

    /// Checks that the visitor took every item.
    fn finish(&mut self) -> Result<(), CodecError> {
        if self.more() {
            return Err(self.from.malformed("fewer items in the list or map before"));
        }
        Ok(())
    }
}

impl<'de, S: Tokens<'de>> SeqAccess<'de> for &mut Items<'_, S> {
    type Error = CodecError;

    /// As provided, but always inlined: the value is made in its place rather than handed from frame to frame, which is
    /// a tenth of the time. Left to itself, the compiler takes the later fields of a struct for rarely read.
    #[inline(always)]
    fn next_element<T: Deserialize<'de>>(&mut self) -> Result<Option<T>, CodecError> {
        if !self.more() {
            return Ok(None);
        }
        T::deserialize(&mut *self.from).map(Some)
    }

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, CodecError> {
        if !self.more() {
            return Ok(None);
        }
        seed.deserialize(&mut *self.from).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        self.left
    }
}

impl<'de, S: Tokens<'de>> MapAccess<'de> for &mut Items<'_, S> {
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
        seed.deserialize(&mut *self.from)
    }

    fn size_hint(&self) -> Option<usize> {
        self.left
    }
}

/// A variant with a value: `{name: value}`.
struct Variant<'a, S>(&'a mut Deserializer<S>);

impl<'de, S: Tokens<'de>> EnumAccess<'de> for Variant<'_, S> {
    type Error = CodecError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self), CodecError> {
        Ok((seed.deserialize(&mut *self.0)?, self))
    }
}

impl<'de, S: Tokens<'de>> VariantAccess<'de> for Variant<'_, S> {
    type Error = CodecError;

    fn unit_variant(self) -> Result<(), CodecError> {
        Deserialize::deserialize(self.0)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, CodecError> {
        seed.deserialize(self.0)
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        self.0.compound(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        self.0.compound(visitor)
    }
}
