//! Reads tokens.

use super::TokenError;
use crate::limits::NESTING;

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
    /// When bytes are left.
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
    /// When the next value is no string, is cut off or is not UTF-8.
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
    /// When the next value is no byte string or is cut off.
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
    /// When the next value is no unsigned integer.
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
    /// When the next value is no integer, or above [`i64::MAX`].
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
    /// When the next value is none.
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
    /// When the next value is none.
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
    /// When the next value is another.
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
    /// When the next value is no boolean.
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
    /// When the next value is no array, or cannot be as long as it says.
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
    /// When the next value is no map, or cannot be as long as it says.
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

    /// Steps over one value of any type.
    ///
    /// # Errors
    /// When the value is cut off, unknown or nested deeper than [`NESTING`].
    pub fn skip(&mut self) -> Result<(), TokenError> {
        self.skip_nested(NESTING)
    }

    fn skip_nested(&mut self, depth: usize) -> Result<(), TokenError> {
        if depth == 0 {
            return Err(self.error("less nesting"));
        }
        let start = self.clone();
        let values = match self.marker("a value")? {
            0..=0x7f | 0xc0 | 0xc2 | 0xc3 | 0xe0..=0xff => 0,
            marker @ 0x80..=0x8f => 2 * usize::from(marker & 0x0f),
            marker @ 0x90..=0x9f => usize::from(marker & 0x0f),
            marker @ 0xa0..=0xbf => self.pass(usize::from(marker & 0x1f))?,
            0xc4 | 0xd9 => self.pass_prefixed(1)?,
            0xc5 | 0xda => self.pass_prefixed(2)?,
            0xc6 | 0xdb => self.pass_prefixed(4)?,
            0xcc | 0xd0 => self.pass(1)?,
            0xcd | 0xd1 => self.pass(2)?,
            0xca | 0xce | 0xd2 => self.pass(4)?,
            0xcb | 0xcf | 0xd3 => self.pass(8)?,
            0xdc => self.length(2)?,
            0xdd => self.length(4)?,
            0xde => 2 * self.length(2)?,
            0xdf => self.length(4)?.saturating_mul(2),
            _ => return Err(start.error("a value without extension types")),
        };
        if values > self.remaining() {
            return Err(start.error("as many values as announced"));
        }
        (0..values).try_for_each(|_| self.skip_nested(depth - 1))
    }

    /// Steps over `len` bytes; no values follow.
    fn pass(&mut self, len: usize) -> Result<usize, TokenError> {
        self.take(len).map(|_| 0)
    }

    fn pass_prefixed(&mut self, width: usize) -> Result<usize, TokenError> {
        let len = self.length(width)?;
        self.pass(len)
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
    /// When fewer are left.
    #[inline]
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], TokenError> {
        let Some((bytes, rest)) = self.rest.split_at_checked(len) else {
            return Err(self.error("more bytes"));
        };
        self.rest = rest;
        Ok(bytes)
    }
}
