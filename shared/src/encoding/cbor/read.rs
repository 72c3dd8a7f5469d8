//! Reads CBOR's items.

use alloc::vec::Vec;

use super::half;
use crate::encoding::codec::{Container, Fault, Pieces, Token, Tokens};

const UINT: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const TAG: u8 = 6;

/// Ends an item whose length was left open.
const BREAK: u8 = 0xff;

/// Reads from a slice; never reads past the end.
pub(super) struct Reader<'de> {
    rest: &'de [u8],
    /// Length of all bytes, read and unread.
    len: usize,
}

/// The first byte of an item, with the number that follows it.
struct Head {
    major: u8,
    /// None when the length is left open.
    argument: Option<u64>,
    /// Offset of the first byte.
    at: usize,
}

impl<'de> Reader<'de> {
    pub(super) const fn new(bytes: &'de [u8]) -> Self {
        Self {
            rest: bytes,
            len: bytes.len(),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Whether one of these bytes comes next; it is consumed.
    fn take_if(&mut self, wanted: impl Fn(u8) -> bool) -> bool {
        match self.rest.split_first() {
            Some((&first, rest)) if wanted(first) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let Some((bytes, rest)) = self.rest.split_first_chunk() else {
            return Err(self.cut());
        };
        self.rest = rest;
        Ok(*bytes)
    }

    /// The bytes of a string of this length.
    fn string(&mut self, len: u64) -> Result<&'de [u8], Fault> {
        let split = usize::try_from(len)
            .ok()
            .and_then(|len| self.rest.split_at_checked(len));
        let Some((bytes, rest)) = split else {
            return Err(self.cut());
        };
        self.rest = rest;
        Ok(bytes)
    }

    #[cold]
    fn cut(&self) -> Fault {
        Fault::malformed("more bytes", self.offset())
    }

    fn head(&mut self) -> Result<Head, Fault> {
        let at = self.offset();
        let Some((&first, rest)) = self.rest.split_first() else {
            return Err(Fault::malformed("a value", at));
        };
        self.rest = rest;
        let argument = match first & 31 {
            direct @ 0..24 => Some(u64::from(direct)),
            24 => Some(u64::from(u8::from_be_bytes(self.fixed()?))),
            25 => Some(u64::from(u16::from_be_bytes(self.fixed()?))),
            26 => Some(u64::from(u32::from_be_bytes(self.fixed()?))),
            27 => Some(u64::from_be_bytes(self.fixed()?)),
            31 => None,
            _ => return Err(Fault::malformed("an assigned length", at)),
        };
        let major = first >> 5;
        Ok(Head {
            major,
            argument,
            at,
        })
    }

    /// The text of this length; its item began at `at`.
    fn text_of(&mut self, len: u64, at: usize) -> Result<&'de str, Fault> {
        core::str::from_utf8(self.string(len)?).map_err(|_| Fault::malformed("UTF-8", at))
    }

    /// A container's length, if the bytes left could hold as many items; none if it was left open.
    fn checked_len(&self, container: Container, head: &Head) -> Result<Option<usize>, Fault> {
        let Some(len) = head.argument else {
            return Ok(None);
        };
        let room = match container {
            Container::List => self.rest.len(),
            Container::Map => self.rest.len() / 2,
        };
        match usize::try_from(len) {
            Ok(len) if len <= room => Ok(Some(len)),
            _ => Err(Fault::malformed("as many items as announced", head.at)),
        }
    }

    /// Steps over tags: what they say of the value after them is nothing that serde's types can hold.
    fn skip_tags(&mut self) -> Result<(), Fault> {
        while self.peek().is_some_and(|first| first >> 5 == TAG) {
            let head = self.head()?;
            if head.argument.is_none() {
                return Err(Fault::malformed("a tag", head.at));
            }
        }
        Ok(())
    }
}

/// Booleans, nothing, and floats. The argument is a float's bits; how many there are, the first byte says.
fn simple(head: &Head, first: u8, argument: Option<u64>) -> Result<Token<'static>, Fault> {
    let Some(argument) = argument else {
        return Err(Fault::malformed(
            "an item before the end of the list or map",
            head.at,
        ));
    };
    let bytes = argument.to_be_bytes();
    let [_, _, _, _, b4, b5, b6, b7] = bytes;
    match first {
        0xf4 => Ok(Token::Bool(false)),
        0xf5 => Ok(Token::Bool(true)),
        0xf6 | 0xf7 => Ok(Token::Nil),
        0xf9 => Ok(Token::Single(half::to_f32(u16::from_be_bytes([b6, b7])))),
        0xfa => Ok(Token::Single(f32::from_be_bytes([b4, b5, b6, b7]))),
        0xfb => Ok(Token::Double(f64::from_be_bytes(bytes))),
        _ => Err(Fault::malformed("a value of a known kind", head.at)),
    }
}

impl<'de> Tokens<'de> for Reader<'de> {
    #[inline]
    fn uint(&mut self) -> Result<Option<u64>, Fault> {
        match self.peek() {
            Some(0x00..=0x1b) => Ok(self.head()?.argument),
            _ => Ok(None),
        }
    }

    #[inline]
    fn text(&mut self) -> Result<Option<&'de str>, Fault> {
        let at = self.offset();
        let len = match self.peek() {
            Some(first @ 0x60..=0x77) => {
                self.take_if(|_| true);
                u64::from(first & 31)
            }
            Some(0x78..=0x7b) => match self.head()?.argument {
                Some(len) => len,
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        self.text_of(len, at).map(Some)
    }

    #[inline]
    fn open(&mut self) -> Result<Option<(Container, Option<usize>)>, Fault> {
        let container = match self.peek() {
            Some(0x80..=0x9f) => Container::List,
            Some(0xa0..=0xbf) => Container::Map,
            _ => return Ok(None),
        };
        let head = self.head()?;
        self.checked_len(container, &head)
            .map(|len| Some((container, len)))
    }

    fn next(&mut self) -> Result<Token<'de>, Fault> {
        self.skip_tags()?;
        if let Some((container, len)) = self.open()? {
            return Ok(Token::Open(container, len));
        }
        let first = self.peek().unwrap_or_default();
        let head = self.head()?;
        match (head.major, head.argument) {
            (UINT, Some(n)) => Ok(Token::Uint(n)),
            (NEGATIVE, Some(n)) => Ok(match i64::try_from(n) {
                Ok(n) => Token::Int(!n),
                Err(_) => Token::WideNegative(n),
            }),
            (BYTES, Some(len)) => self.string(len).map(Token::Bytes),
            (TEXT, Some(len)) => self.text_of(len, head.at).map(Token::Str),
            (BYTES, None) => Ok(Token::Pieces(Pieces::OfBytes)),
            (TEXT, None) => Ok(Token::Pieces(Pieces::OfText)),
            (UINT | NEGATIVE, None) => Err(Fault::malformed("a number", head.at)),
            (_, argument) => simple(&head, first, argument),
        }
    }

    fn join(&mut self, pieces: Pieces) -> Result<Vec<u8>, Fault> {
        let major = match pieces {
            Pieces::OfBytes => BYTES,
            Pieces::OfText => TEXT,
        };
        let mut joined = Vec::new();
        while !self.take_end() {
            let piece = self.head()?;
            match piece.argument {
                Some(len) if piece.major == major => joined.extend_from_slice(self.string(len)?),
                _ => return Err(Fault::malformed("a piece of the string", piece.at)),
            }
        }
        Ok(joined)
    }

    fn take_nil(&mut self) -> bool {
        self.take_if(|first| matches!(first, 0xf6 | 0xf7))
    }

    fn take_end(&mut self) -> bool {
        self.take_if(|first| first == BREAK)
    }

    fn offset(&self) -> usize {
        self.len - self.rest.len()
    }

    fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}
