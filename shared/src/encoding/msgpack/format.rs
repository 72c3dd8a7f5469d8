//! MessagePack as the serde codec sees it.

use alloc::vec::Vec;

use super::token::{self, Reader};
use crate::encoding::codec::{Container, Format, Token, Tokens};
use crate::encoding::{DecodeError, EncodeError};

/// MessagePack with structs as lists.
pub(super) struct MessagePack;

impl Format for MessagePack {
    const STRUCTS_ARE_MAPS: bool = false;

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
    fn next(&mut self) -> Result<Token<'de>, DecodeError> {
        let token = match self.peek() {
            Some(0..=0x7f | 0xcc..=0xcf) => Token::Uint(self.uint()?),
            Some(0xd0..=0xd3 | 0xe0..=0xff) => Token::Int(self.int()?),
            Some(0xa0..=0xbf | 0xd9..=0xdb) => Token::Str(self.str()?),
            Some(0xc4..=0xc6) => Token::Bytes(self.bin()?),
            Some(0x90..=0x9f | 0xdc | 0xdd) => Token::Open(Container::List, Some(self.array()?)),
            Some(0x80..=0x8f | 0xde | 0xdf) => Token::Open(Container::Map, Some(self.map()?)),
            Some(0xc2 | 0xc3) => Token::Bool(self.bool()?),
            Some(0xca) => Token::Single(self.f32()?),
            Some(0xcb) => Token::Double(self.f64()?),
            Some(0xc0) => {
                self.nil()?;
                Token::Nil
            }
            Some(0xc1 | 0xc7..=0xc9 | 0xd4..=0xd8) => {
                return Err(self.error("a value without extension types").into());
            }
            None => return Err(self.error("a value").into()),
        };
        Ok(token)
    }

    fn take_nil(&mut self) -> bool {
        self.nil().is_ok()
    }

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
