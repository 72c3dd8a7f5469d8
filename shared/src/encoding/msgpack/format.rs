//! The codec's `Format` and `Tokens` for MessagePack.

use alloc::vec::Vec;

use super::timestamp::{self, Timestamp};
use super::token::{self, Reader};
use crate::encoding::EncodeError;
use crate::encoding::codec::{CodecError, Container, Format, Pieces, Token, Tokens, attempt};
use crate::encoding::json::write_text;

/// MessagePack with structs as lists, or as maps with their fields' names.
pub(in crate::encoding) struct MessagePack<const NAMED: bool>;

impl<const NAMED: bool> Format for MessagePack<NAMED> {
    const STRUCTS_ARE_MAPS: bool = NAMED;
    // Control ops, which have named fields, hold none.
    const TAKES_JSON_TEXT: bool = !NAMED;

    fn nil(out: &mut Vec<u8>) {
        token::write_nil(out);
    }

    fn bool(out: &mut Vec<u8>, value: bool) {
        token::write_bool(out, value);
    }

    fn uint(out: &mut Vec<u8>, n: u64) {
        token::write_uint(out, n);
    }

    fn int(out: &mut Vec<u8>, n: i64) {
        token::write_int(out, n);
    }

    fn wide_uint(out: &mut Vec<u8>, n: u128) -> Result<(), EncodeError> {
        token::write_bin(out, &n.to_be_bytes());
        Ok(())
    }

    fn wide_int(out: &mut Vec<u8>, n: i128) -> Result<(), EncodeError> {
        token::write_bin(out, &n.to_be_bytes());
        Ok(())
    }

    fn f32(out: &mut Vec<u8>, n: f32) {
        token::write_f32(out, n);
    }

    fn f64(out: &mut Vec<u8>, n: f64) {
        token::write_f64(out, n);
    }

    fn str(out: &mut Vec<u8>, text: &str) {
        token::write_str(out, text);
    }

    fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
        token::write_bin(out, bytes);
    }

    fn unit_struct(out: &mut Vec<u8>) {
        token::write_array(out, 0);
    }

    fn json_text(out: &mut Vec<u8>, text: &str, depth: usize) -> Result<(), EncodeError> {
        write_text::<Self>(out, text, depth).map_err(EncodeError::NotInEveryEncoding)
    }

    fn begin(out: &mut Vec<u8>, container: Container, len: usize) {
        match container {
            Container::List => token::write_array(out, len),
            Container::Map => token::write_map(out, len),
        }
    }

    /// Nothing yet: the header carries the length, so it is put in at the end.
    fn begin_unsized(_out: &mut Vec<u8>, _container: Container) {}

    fn end_unsized(out: &mut Vec<u8>, container: Container, start: usize, len: usize) {
        let mut header = Vec::with_capacity(5);
        Self::begin(&mut header, container, len);
        out.splice(start..start, header);
    }
}

impl<'de> Tokens<'de> for Reader<'de> {
    #[inline]
    fn bool(&mut self) -> Option<bool> {
        attempt(self, |ahead| ahead.bool().ok())
    }

    #[inline]
    fn uint(&mut self) -> Option<u64> {
        attempt(self, |ahead| ahead.uint().ok())
    }

    #[inline]
    fn int(&mut self) -> Option<i64> {
        attempt(self, |ahead| ahead.int().ok())
    }

    #[inline]
    fn single(&mut self) -> Option<f32> {
        attempt(self, |ahead| ahead.f32().ok())
    }

    #[inline]
    fn double(&mut self) -> Option<f64> {
        attempt(self, |ahead| ahead.f64().ok())
    }

    #[inline]
    fn text(&mut self) -> Option<&'de str> {
        attempt(self, |ahead| ahead.str().ok())
    }

    #[inline]
    fn open(&mut self) -> Option<(Container, Option<usize>)> {
        match attempt(self, |ahead| ahead.array().ok()) {
            Some(len) => Some((Container::List, Some(len))),
            None => attempt(self, |ahead| ahead.map().ok()).map(|len| (Container::Map, Some(len))),
        }
    }

    #[inline]
    fn next(&mut self) -> Result<Token<'de>, CodecError> {
        let start = self.clone();
        let token = match self.marker("a value")? {
            marker @ 0..=0x7f => Token::Uint(u64::from(marker)),
            0xcc => Token::Uint(u64::from(u8::from_be_bytes(self.fixed()?))),
            0xcd => Token::Uint(u64::from(u16::from_be_bytes(self.fixed()?))),
            0xce => Token::Uint(u64::from(u32::from_be_bytes(self.fixed()?))),
            0xcf => Token::Uint(u64::from_be_bytes(self.fixed()?)),
            marker @ 0xe0..=0xff => Token::Int(i64::from(marker.cast_signed())),
            0xd0 => Token::Int(i64::from(i8::from_be_bytes(self.fixed()?))),
            0xd1 => Token::Int(i64::from(i16::from_be_bytes(self.fixed()?))),
            0xd2 => Token::Int(i64::from(i32::from_be_bytes(self.fixed()?))),
            0xd3 => Token::Int(i64::from_be_bytes(self.fixed()?)),
            0xc0 => Token::Nil,
            0xc2 => Token::Bool(false),
            0xc3 => Token::Bool(true),
            0xca => Token::Single(f32::from_be_bytes(self.fixed()?)),
            0xcb => Token::Double(f64::from_be_bytes(self.fixed()?)),
            marker => {
                *self = start;
                longer(self, marker)?
            }
        };
        Ok(token)
    }

    fn join(&mut self, _pieces: Pieces) -> Result<Vec<u8>, CodecError> {
        Err(self.error("a string in one piece").into())
    }

    #[inline]
    fn take_nil(&mut self) -> bool {
        attempt(self, |ahead| ahead.nil().ok()).is_some()
    }

    #[inline]
    fn take_end(&mut self) -> bool {
        false
    }

    fn offset(&self) -> usize {
        Reader::offset(self)
    }

    fn is_empty(&self) -> bool {
        self.remaining() == 0
    }
}

/// Values with a length before them, at whose marker the reader stands.
fn longer<'de>(reader: &mut Reader<'de>, marker: u8) -> Result<Token<'de>, CodecError> {
    match marker {
        0xa0..=0xbf | 0xd9..=0xdb => Ok(Token::Str(reader.str()?)),
        0xc4..=0xc6 => Ok(Token::Bytes(reader.bin()?)),
        0x90..=0x9f | 0xdc | 0xdd => Ok(Token::Open(Container::List, Some(reader.array()?))),
        0x80..=0x8f | 0xde | 0xdf => Ok(Token::Open(Container::Map, Some(reader.map()?))),
        0xc7 | 0xd6 | 0xd7 => timestamp(reader, marker),
        _ => Err(no_value(reader)),
    }
}

#[cold]
fn no_value(reader: &Reader<'_>) -> CodecError {
    let expected = "a value without extension types other than a timestamp";
    reader.error(expected).into()
}

/// A timestamp of 4, 8 or 12 bytes, at whose marker the reader stands.
#[cold]
fn timestamp<'de>(reader: &mut Reader<'de>, marker: u8) -> Result<Token<'de>, CodecError> {
    let start = reader.clone();
    reader.marker("a timestamp")?;
    let len = match marker {
        0xd6 => 4,
        0xd7 => 8,
        _ => usize::from(reader.marker("a length")?),
    };
    if reader.marker("an extension type")? != timestamp::TYPE {
        return Err(no_value(&start));
    }
    let read = Timestamp::read(reader.take(len)?);
    let expected = "a timestamp in the years 0 to 9999";
    read.map(Token::Timestamp)
        .ok_or_else(|| start.error(expected).into())
}
