//! Reader of MessagePack tokens.

use super::TokenError;
use crate::limits::NESTING;

/// Type of a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// No value.
    Nil,
    /// A boolean.
    Bool,
    /// An unsigned integer.
    Uint,
    /// An integer in a signed form, or a float.
    Number,
    /// A string.
    Str,
    /// A byte string.
    Bin,
    /// An array.
    Array,
    /// A map.
    Map,
}

/// Beginning of a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// Its type.
    pub kind: Kind,
    /// The number itself (its bits, if it is a [`Kind::Number`]; 1 for true), or the number of bytes, values or pairs
    /// that follow.
    pub number: u64,
}

/// Reads MessagePack from a slice; never allocates, never reads past the end.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    /// Length of all bytes, read and unread.
    len: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the first byte.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            len: bytes.len(),
        }
    }

    /// Offset of the next byte.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.len - self.rest.len()
    }

    /// Bytes not read yet.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// The error that something else than `expected` stands at the reader.
    #[must_use]
    pub const fn error(&self, expected: &'static str) -> TokenError {
        TokenError {
            expected,
            at: self.offset(),
        }
    }

    /// Checks that nothing follows.
    ///
    /// # Errors
    /// Fails if bytes are left.
    pub fn finish(&self) -> Result<(), TokenError> {
        if self.remaining() == 0 {
            Ok(())
        } else {
            Err(self.error("the end"))
        }
    }

    /// The next byte, not consumed.
    #[must_use]
    #[inline]
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Reads a string.
    ///
    /// # Errors
    /// Fails if the next value is no string, is cut off or is not UTF-8.
    #[inline]
    pub fn str(&mut self) -> Result<&'a str, TokenError> {
        let start = self.clone();
        let len = match self.marker("a string")? {
            marker @ 0xa0..=0xbf => usize::from(marker & 0x1f),
            0xd9 => self.length(1)?,
            0xda => self.length(2)?,
            0xdb => self.length(4)?,
            _ => return Err(start.error("a string")),
        };
        core::str::from_utf8(self.take(len)?).map_err(|_| start.error("UTF-8"))
    }

    /// Reads a byte string.
    ///
    /// # Errors
    /// Fails if the next value is no byte string or is cut off.
    pub fn bin(&mut self) -> Result<&'a [u8], TokenError> {
        let start = self.clone();
        let len = match self.marker("bytes")? {
            0xc4 => self.length(1)?,
            0xc5 => self.length(2)?,
            0xc6 => self.length(4)?,
            _ => return Err(start.error("bytes")),
        };
        self.take(len)
    }

    /// Reads an unsigned integer (of any width).
    ///
    /// # Errors
    /// Fails if the next value is no unsigned integer.
    #[inline]
    pub fn uint(&mut self) -> Result<u64, TokenError> {
        let start = self.clone();
        match self.marker("an unsigned integer")? {
            marker @ 0..=0x7f => Ok(u64::from(marker)),
            0xcc => Ok(u64::from(u8::from_be_bytes(self.fixed()?))),
            0xcd => Ok(u64::from(u16::from_be_bytes(self.fixed()?))),
            0xce => Ok(u64::from(u32::from_be_bytes(self.fixed()?))),
            0xcf => Ok(u64::from_be_bytes(self.fixed()?)),
            _ => Err(start.error("an unsigned integer")),
        }
    }

    /// Reads an integer below zero or above (of any width).
    ///
    /// # Errors
    /// Fails if the next value is no integer, or above [`i64::MAX`].
    #[inline]
    pub fn int(&mut self) -> Result<i64, TokenError> {
        let start = self.clone();
        match self.marker("an integer")? {
            marker @ 0xe0..=0xff => Ok(i64::from(marker.cast_signed())),
            0xd0 => Ok(i64::from(i8::from_be_bytes(self.fixed()?))),
            0xd1 => Ok(i64::from(i16::from_be_bytes(self.fixed()?))),
            0xd2 => Ok(i64::from(i32::from_be_bytes(self.fixed()?))),
            0xd3 => Ok(i64::from_be_bytes(self.fixed()?)),
            _ => {
                *self = start.clone();
                i64::try_from(self.uint()?).map_err(|_| start.error("an integer of 64 bits"))
            }
        }
    }

    /// Reads a number in single precision.
    ///
    /// # Errors
    /// Fails if the next value is none.
    #[inline]
    pub fn f32(&mut self) -> Result<f32, TokenError> {
        let start = self.clone();
        match self.marker("a number")? {
            0xca => Ok(f32::from_be_bytes(self.fixed()?)),
            _ => Err(start.error("a number in single precision")),
        }
    }

    /// Reads a number in single or double precision.
    ///
    /// # Errors
    /// Fails if the next value is none.
    #[inline]
    pub fn f64(&mut self) -> Result<f64, TokenError> {
        let start = self.clone();
        match self.marker("a number")? {
            0xca => Ok(f64::from(f32::from_be_bytes(self.fixed()?))),
            0xcb => Ok(f64::from_be_bytes(self.fixed()?)),
            _ => Err(start.error("a number")),
        }
    }

    /// Reads nil.
    ///
    /// # Errors
    /// Fails if the next value is another.
    #[inline]
    pub fn nil(&mut self) -> Result<(), TokenError> {
        let Some(rest) = self.rest.strip_prefix(&[0xc0]) else {
            return Err(self.error("nil"));
        };
        self.rest = rest;
        Ok(())
    }

    /// Reads a boolean.
    ///
    /// # Errors
    /// Fails if the next value is no boolean.
    #[inline]
    pub fn bool(&mut self) -> Result<bool, TokenError> {
        let start = self.clone();
        match self.marker("a boolean")? {
            0xc2 => Ok(false),
            0xc3 => Ok(true),
            _ => Err(start.error("a boolean")),
        }
    }

    /// Reads an array's header; its length is never more than the bytes that are left.
    ///
    /// # Errors
    /// Fails if the next value is no array, or announces more items than the bytes left can hold.
    #[inline]
    pub fn array(&mut self) -> Result<usize, TokenError> {
        let start = self.clone();
        let len = match self.marker("an array")? {
            marker @ 0x90..=0x9f => usize::from(marker & 0x0f),
            0xdc => self.length(2)?,
            0xdd => self.length(4)?,
            _ => return Err(start.error("an array")),
        };
        if len > self.remaining() {
            return Err(start.error("as many values as the array announces"));
        }
        Ok(len)
    }

    /// Reads a map's header; its length is never more than half the bytes that are left.
    ///
    /// # Errors
    /// Fails if the next value is no map, or announces more items than the bytes left can hold.
    #[inline]
    pub fn map(&mut self) -> Result<usize, TokenError> {
        let start = self.clone();
        let len = match self.marker("a map")? {
            marker @ 0x80..=0x8f => usize::from(marker & 0x0f),
            0xde => self.length(2)?,
            0xdf => self.length(4)?,
            _ => return Err(start.error("a map")),
        };
        if len > self.remaining() / 2 {
            return Err(start.error("as many pairs as the map announces"));
        }
        Ok(len)
    }

    /// Reads the beginning of a value of any type, and checks that as many bytes, values or pairs as it announces can
    /// follow. Half the code of the methods that each read one type, and slower.
    ///
    /// # Errors
    /// Fails if there is no value, or it is cut off.
    pub fn head(&mut self, expected: &'static str) -> Result<Head, TokenError> {
        let start = self.clone();
        let marker = self.marker(expected)?;
        let (kind, low_bits, width) = match marker {
            0..=0x7f => (Kind::Uint, 0x7f, 0),
            0x80..=0x8f => (Kind::Map, 0x0f, 0),
            0x90..=0x9f => (Kind::Array, 0x0f, 0),
            0xa0..=0xbf => (Kind::Str, 0x1f, 0),
            0xc0 => (Kind::Nil, 0, 0),
            0xc2 | 0xc3 => (Kind::Bool, 1, 0),
            0xc4 => (Kind::Bin, 0, 1),
            0xc5 => (Kind::Bin, 0, 2),
            0xc6 => (Kind::Bin, 0, 4),
            0xcc => (Kind::Uint, 0, 1),
            0xcd => (Kind::Uint, 0, 2),
            0xce => (Kind::Uint, 0, 4),
            0xcf => (Kind::Uint, 0, 8),
            0xd0 => (Kind::Number, 0, 1),
            0xd1 => (Kind::Number, 0, 2),
            0xca | 0xd2 => (Kind::Number, 0, 4),
            0xcb | 0xd3 => (Kind::Number, 0, 8),
            0xd9 => (Kind::Str, 0, 1),
            0xda => (Kind::Str, 0, 2),
            0xdb => (Kind::Str, 0, 4),
            0xdc => (Kind::Array, 0, 2),
            0xdd => (Kind::Array, 0, 4),
            0xde => (Kind::Map, 0, 2),
            0xdf => (Kind::Map, 0, 4),
            0xe0..=0xff => (Kind::Number, 0xff, 0),
            0xc1 | 0xc7..=0xc9 | 0xd4..=0xd8 => {
                return Err(start.error("a value without extension types"));
            }
        };
        let number = self
            .take(width)?
            .iter()
            .fold(u64::from(marker & low_bits), |number, &byte| {
                number << 8 | u64::from(byte)
            });
        let least_bytes = match kind {
            Kind::Str | Kind::Bin | Kind::Array => number,
            Kind::Map => 2 * number,
            Kind::Nil | Kind::Bool | Kind::Uint | Kind::Number => 0,
        };
        if least_bytes > self.remaining() as u64 {
            return Err(start.error("as much as is announced"));
        }
        Ok(Head { kind, number })
    }

    /// Skips one value of any type.
    ///
    /// # Errors
    /// Fails if the value is cut off, unknown or nested deeper than [`NESTING`].
    pub fn skip(&mut self) -> Result<(), TokenError> {
        self.skip_nested(NESTING)
    }

    fn skip_nested(&mut self, depth: usize) -> Result<(), TokenError> {
        if depth == 0 {
            return Err(self.error("less nesting"));
        }
        let Head { kind, number } = self.head("a value")?;
        let values = match kind {
            Kind::Nil | Kind::Bool | Kind::Uint | Kind::Number => 0,
            Kind::Str | Kind::Bin => {
                self.content(number)?;
                0
            }
            Kind::Array => number,
            Kind::Map => 2 * number,
        };
        (0..values).try_for_each(|_| self.skip_nested(depth - 1))
    }

    /// The content of a string, of the length that its head announced.
    ///
    /// # Errors
    /// Fails if fewer bytes are left.
    pub fn content(&mut self, len: u64) -> Result<&'a [u8], TokenError> {
        self.take(usize::try_from(len).unwrap_or(usize::MAX))
    }

    /// The next byte, consumed.
    #[inline]
    pub(in crate::encoding) fn marker(&mut self, expected: &'static str) -> Result<u8, TokenError> {
        let Some((&marker, rest)) = self.rest.split_first() else {
            return Err(self.error(expected));
        };
        self.rest = rest;
        Ok(marker)
    }

    /// The next `N` bytes.
    #[inline]
    pub(in crate::encoding) fn fixed<const N: usize>(&mut self) -> Result<[u8; N], TokenError> {
        let Some((bytes, rest)) = self.rest.split_first_chunk() else {
            return Err(self.error("more bytes"));
        };
        self.rest = rest;
        Ok(*bytes)
    }

    /// A length of 1, 2 or 4 bytes.
    #[inline]
    fn length(&mut self, width: usize) -> Result<usize, TokenError> {
        let start = self.clone();
        let length = match width {
            1 => u32::from(u8::from_be_bytes(self.fixed()?)),
            2 => u32::from(u16::from_be_bytes(self.fixed()?)),
            _ => u32::from_be_bytes(self.fixed()?),
        };
        usize::try_from(length).map_err(|_| start.error("a length that fits memory"))
    }

    /// The next `len` bytes.
    ///
    /// # Errors
    /// Fails if fewer are left.
    #[inline]
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], TokenError> {
        let Some((bytes, rest)) = self.rest.split_at_checked(len) else {
            return Err(self.error("more bytes"));
        };
        self.rest = rest;
        Ok(bytes)
    }
}
