//! Reads CBOR's items.

use alloc::string::String;
use alloc::vec::Vec;

use super::half;
use crate::encoding::DecodeError;
use crate::encoding::codec::{Container, Token, Tokens};

const UINT: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const LIST: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;

/// Ends an item whose length was left open.
const BREAK: u8 = 0xff;

/// Reads from a slice; never reads past the end.
pub(super) struct Reader<'de> {
    bytes: &'de [u8],
    at: usize,
}

/// The first byte of an item, with the number that follows it; none when the length is left open.
struct Head {
    major: u8,
    argument: Option<u64>,
    /// Offset of the first byte.
    at: usize,
}

impl<'de> Reader<'de> {
    pub(super) const fn new(bytes: &'de [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, len: usize) -> Result<&'de [u8], DecodeError> {
        let taken = self.bytes[self.at..]
            .get(..len)
            .ok_or(malformed("more bytes", self.at))?;
        self.at += len;
        Ok(taken)
    }

    fn number(&mut self, width: usize) -> Result<u64, DecodeError> {
        let bytes = self.take(width)?;
        Ok(bytes.iter().fold(0, |n, &byte| n << 8 | u64::from(byte)))
    }

    fn head(&mut self) -> Result<Head, DecodeError> {
        let at = self.at;
        let first = self.peek().ok_or(malformed("a value", at))?;
        self.at += 1;
        let argument = match first & 31 {
            direct @ 0..24 => Some(u64::from(direct)),
            24 => Some(self.number(1)?),
            25 => Some(self.number(2)?),
            26 => Some(self.number(4)?),
            27 => Some(self.number(8)?),
            31 => None,
            _ => return Err(malformed("an assigned length", at)),
        };
        Ok(Head {
            major: first >> 5,
            argument,
            at,
        })
    }

    /// The bytes of a string of this length.
    fn chunk(&mut self, len: u64) -> Result<&'de [u8], DecodeError> {
        let at = self.at;
        let len = usize::try_from(len).map_err(|_| malformed("more bytes", at))?;
        self.take(len)
    }

    /// The bytes of a string in pieces, each of which is a string of the same type with a length.
    fn pieces(&mut self, major: u8) -> Result<Vec<u8>, DecodeError> {
        let mut joined = Vec::new();
        while !self.take_end() {
            let piece = self.head()?;
            match piece.argument {
                Some(len) if piece.major == major => joined.extend_from_slice(self.chunk(len)?),
                _ => return Err(malformed("a piece of the string", piece.at)),
            }
        }
        Ok(joined)
    }

    fn text(&mut self, head: &Head) -> Result<Token<'de>, DecodeError> {
        let invalid = malformed("UTF-8", head.at);
        match head.argument {
            Some(len) => match core::str::from_utf8(self.chunk(len)?) {
                Ok(text) => Ok(Token::Str(text)),
                Err(_) => Err(invalid),
            },
            None => match String::from_utf8(self.pieces(TEXT)?) {
                Ok(text) => Ok(Token::Joined(text)),
                Err(_) => Err(invalid),
            },
        }
    }

    /// A container, if the bytes left could hold as many items as it announces.
    fn container(&self, container: Container, head: &Head) -> Result<Token<'de>, DecodeError> {
        let Some(len) = head.argument else {
            return Ok(Token::Open(container, None));
        };
        let room = match container {
            Container::List => self.remaining(),
            Container::Map => self.remaining() / 2,
        };
        match usize::try_from(len) {
            Ok(len) if len <= room => Ok(Token::Open(container, Some(len))),
            _ => Err(malformed("as many items as announced", head.at)),
        }
    }

    /// Booleans, nothing, and floats.
    fn simple(&mut self, at: usize) -> Result<Token<'de>, DecodeError> {
        self.at = at + 1;
        match self.bytes.get(at) {
            Some(0xf4) => Ok(Token::Bool(false)),
            Some(0xf5) => Ok(Token::Bool(true)),
            Some(0xf6 | 0xf7) => Ok(Token::Nil),
            Some(0xf9) => Ok(Token::Single(half::to_f32(u16::from_be_bytes(
                self.fixed()?,
            )))),
            Some(0xfa) => Ok(Token::Single(f32::from_be_bytes(self.fixed()?))),
            Some(0xfb) => Ok(Token::Double(f64::from_be_bytes(self.fixed()?))),
            _ => Err(malformed("a value of a known kind", at)),
        }
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let at = self.at;
        let bytes = self.take(N)?;
        <[u8; N]>::try_from(bytes).map_err(|_| malformed("more bytes", at))
    }

    /// Steps over tags: what they say of the value after them is nothing that serde's types can hold.
    fn skip_tags(&mut self) -> Result<(), DecodeError> {
        while self.peek().is_some_and(|first| first >> 5 == TAG) {
            let head = self.head()?;
            if head.argument.is_none() {
                return Err(malformed("a tag", head.at));
            }
        }
        Ok(())
    }
}

fn malformed(expected: &'static str, at: usize) -> DecodeError {
    DecodeError::Malformed { expected, at }
}

impl<'de> Tokens<'de> for Reader<'de> {
    fn next(&mut self) -> Result<Token<'de>, DecodeError> {
        self.skip_tags()?;
        let head = self.head()?;
        match (head.major, head.argument) {
            (UINT, Some(n)) => Ok(Token::Uint(n)),
            (NEGATIVE, Some(n)) => Ok(match i64::try_from(n) {
                Ok(n) => Token::Int(!n),
                Err(_) => Token::Wide(!i128::from(n)),
            }),
            (BYTES, Some(len)) => self.chunk(len).map(Token::Bytes),
            (BYTES, None) => self.pieces(BYTES).map(Token::JoinedBytes),
            (TEXT, _) => self.text(&head),
            (LIST, _) => self.container(Container::List, &head),
            (MAP, _) => self.container(Container::Map, &head),
            (UINT | NEGATIVE, None) => Err(malformed("a number", head.at)),
            _ => self.simple(head.at),
        }
    }

    fn take_nil(&mut self) -> bool {
        let nil = matches!(self.peek(), Some(0xf6 | 0xf7));
        self.at += usize::from(nil);
        nil
    }

    fn take_end(&mut self) -> bool {
        let end = self.peek() == Some(BREAK);
        self.at += usize::from(end);
        end
    }

    fn offset(&self) -> usize {
        self.at
    }

    fn is_empty(&self) -> bool {
        self.remaining() == 0
    }
}
