//! Reader of CBOR data items: the codec's `Tokens` for CBOR.

use alloc::vec::Vec;

use super::half;
use crate::encoding::codec::{CodecError, Container, Pieces, Token, Tokens, attempt};
use crate::encoding::error::TokenError;

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
#[derive(Clone)]
pub(super) struct Reader<'de> {
    rest: &'de [u8],
    /// Length of all bytes, read and unread.
    len: usize,
}

/// The first byte of an item, with the number that follows it.
struct Head {
    first: u8,
    /// None when the length is left open.
    argument: Option<u64>,
    /// Offset of the first byte.
    at: usize,
}

impl Head {
    /// The item's kind.
    const fn major(&self) -> u8 {
        self.first >> 5
    }
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

    /// Consumes the next byte if `wanted` accepts it; returns whether it does.
    #[inline]
    fn take_if(&mut self, wanted: impl Fn(u8) -> bool) -> bool {
        match self.rest.split_first() {
            Some((&first, rest)) if wanted(first) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    #[inline]
    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], TokenError> {
        let Some((bytes, rest)) = self.rest.split_first_chunk() else {
            return Err(self.cut());
        };
        self.rest = rest;
        Ok(*bytes)
    }

    /// The bytes of a string of this length.
    #[inline]
    fn string(&mut self, len: u64) -> Result<&'de [u8], TokenError> {
        let split = usize::try_from(len)
            .ok()
            .and_then(|len| self.rest.split_at_checked(len));
        let Some((bytes, rest)) = split else {
            return Err(self.cut());
        };
        self.rest = rest;
        Ok(bytes)
    }

    fn cut(&self) -> TokenError {
        malformed("more bytes", self.offset())
    }

    #[inline]
    fn head(&mut self) -> Result<Head, TokenError> {
        let at = self.offset();
        let Some((&first, rest)) = self.rest.split_first() else {
            return Err(malformed("a value", at));
        };
        self.rest = rest;
        let argument = match first & 31 {
            direct @ 0..24 => Some(u64::from(direct)),
            24 => Some(u64::from(u8::from_be_bytes(self.fixed()?))),
            25 => Some(u64::from(u16::from_be_bytes(self.fixed()?))),
            26 => Some(u64::from(u32::from_be_bytes(self.fixed()?))),
            27 => Some(u64::from_be_bytes(self.fixed()?)),
            31 => None,
            _ => return Err(malformed("an assigned length", at)),
        };
        Ok(Head {
            first,
            argument,
            at,
        })
    }

    /// The argument of an item of this major type; none of another item, or one that is wrong.
    #[inline]
    fn argument(&mut self, major: u8) -> Option<u64> {
        let head = self.head().ok()?;
        head.argument.filter(|_| head.major() == major)
    }

    /// The text of this length; its item began at `at`.
    #[inline]
    fn text_of(&mut self, len: u64, at: usize) -> Result<&'de str, TokenError> {
        core::str::from_utf8(self.string(len)?).map_err(|_| malformed("UTF-8", at))
    }

    /// A container's length, if the bytes left could hold as many items; none if it was left open.
    #[inline]
    fn checked_len(&self, container: Container, head: &Head) -> Result<Option<usize>, TokenError> {
        let Some(len) = head.argument else {
            return Ok(None);
        };
        let room = match container {
            Container::List => self.rest.len(),
            Container::Map => self.rest.len() / 2,
        };
        match usize::try_from(len) {
            Ok(len) if len <= room => Ok(Some(len)),
            _ => Err(malformed("as many items as announced", head.at)),
        }
    }

    /// Consumes nil and the tags before it if they come next; returns whether they do.
    #[cold]
    fn take_tagged_nil(&mut self) -> bool {
        let mut ahead = self.clone();
        let is_nil = ahead.skip_tags().is_ok() && ahead.take_if(is_nil);
        if is_nil {
            *self = ahead;
        }
        is_nil
    }

    /// Steps over tags: serde's types have no room for them.
    fn skip_tags(&mut self) -> Result<(), TokenError> {
        while self.peek().is_some_and(|first| first >> 5 == TAG) {
            let head = self.head()?;
            if head.argument.is_none() {
                return Err(malformed("a tag", head.at));
            }
        }
        Ok(())
    }
}

/// Null and undefined.
const fn is_nil(first: u8) -> bool {
    matches!(first, 0xf6 | 0xf7)
}

const fn malformed(expected: &'static str, at: usize) -> TokenError {
    TokenError { expected, at }
}

/// Booleans, null, and floats. The argument is a float's bits; the first byte gives their number.
#[inline]
fn simple(head: &Head) -> Result<Token<'static>, TokenError> {
    let Some(argument) = head.argument else {
        return Err(malformed(
            "an item before the end of the list or map",
            head.at,
        ));
    };
    let bytes = argument.to_be_bytes();
    let [_, _, _, _, b4, b5, b6, b7] = bytes;
    match head.first {
        0xf4 => Ok(Token::Bool(false)),
        0xf5 => Ok(Token::Bool(true)),
        0xf6 | 0xf7 => Ok(Token::Nil),
        0xf9 => Ok(Token::Single(half::to_f32(u16::from_be_bytes([b6, b7])))),
        0xfa => Ok(Token::Single(f32::from_be_bytes([b4, b5, b6, b7]))),
        0xfb => Ok(Token::Double(f64::from_be_bytes(bytes))),
        _ => Err(malformed("a value of a known kind", head.at)),
    }
}

impl<'de> Tokens<'de> for Reader<'de> {
    #[inline]
    fn bool(&mut self) -> Option<bool> {
        attempt(self, |ahead| match simple(&ahead.head().ok()?) {
            Ok(Token::Bool(value)) => Some(value),
            _ => None,
        })
    }

    #[inline]
    fn uint(&mut self) -> Option<u64> {
        attempt(self, |ahead| ahead.argument(UINT))
    }

    #[inline]
    fn int(&mut self) -> Option<i64> {
        attempt(self, |ahead| {
            let head = ahead.head().ok()?;
            let n = i64::try_from(head.argument?).ok()?;
            match head.major() {
                UINT => Some(n),
                NEGATIVE => Some(!n),
                _ => None,
            }
        })
    }

    #[inline]
    fn single(&mut self) -> Option<f32> {
        attempt(self, |ahead| match simple(&ahead.head().ok()?) {
            Ok(Token::Single(n)) => Some(n),
            _ => None,
        })
    }

    #[inline]
    fn double(&mut self) -> Option<f64> {
        attempt(self, |ahead| match simple(&ahead.head().ok()?) {
            Ok(Token::Single(n)) => Some(n.into()),
            Ok(Token::Double(n)) => Some(n),
            _ => None,
        })
    }

    #[inline]
    fn text(&mut self) -> Option<&'de str> {
        attempt(self, |ahead| {
            let at = ahead.offset();
            let len = ahead.argument(TEXT)?;
            ahead.text_of(len, at).ok()
        })
    }

    #[inline]
    fn open(&mut self) -> Option<(Container, Option<usize>)> {
        attempt(self, |ahead| {
            let head = ahead.head().ok()?;
            let container = match head.major() {
                LIST => Container::List,
                MAP => Container::Map,
                _ => return None,
            };
            Some((container, ahead.checked_len(container, &head).ok()?))
        })
    }

    fn next(&mut self) -> Result<Token<'de>, CodecError> {
        self.skip_tags()?;
        let head = self.head()?;
        let token = match (head.major(), head.argument) {
            (UINT, Some(n)) => Token::Uint(n),
            (NEGATIVE, Some(n)) => match i64::try_from(n) {
                Ok(n) => Token::Int(!n),
                Err(_) => Token::WideNegative(n),
            },
            (UINT | NEGATIVE, None) => return Err(malformed("a number", head.at).into()),
            (BYTES, Some(len)) => Token::Bytes(self.string(len)?),
            (TEXT, Some(len)) => Token::Str(self.text_of(len, head.at)?),
            (BYTES, None) => Token::Pieces(Pieces::OfBytes),
            (TEXT, None) => Token::Pieces(Pieces::OfText),
            (LIST, _) => Token::Open(Container::List, self.checked_len(Container::List, &head)?),
            (MAP, _) => Token::Open(Container::Map, self.checked_len(Container::Map, &head)?),
            _ => simple(&head)?,
        };
        Ok(token)
    }

    /// Each piece of a text is UTF-8 by itself (RFC 8949 section 3.2.3).
    fn join(&mut self, pieces: Pieces) -> Result<Vec<u8>, CodecError> {
        let major = match pieces {
            Pieces::OfBytes => BYTES,
            Pieces::OfText => TEXT,
        };
        let mut joined = Vec::new();
        while !self.take_end() {
            let piece = self.head()?;
            match piece.argument {
                Some(len) if piece.major() == major => match pieces {
                    Pieces::OfBytes => joined.extend_from_slice(self.string(len)?),
                    Pieces::OfText => {
                        joined.extend_from_slice(self.text_of(len, piece.at)?.as_bytes());
                    }
                },
                _ => return Err(malformed("a piece of the string", piece.at).into()),
            }
        }
        Ok(joined)
    }

    #[inline]
    fn take_nil(&mut self) -> bool {
        let is_tagged = self.peek().is_some_and(|first| first >> 5 == TAG);
        if is_tagged {
            return self.take_tagged_nil();
        }
        self.take_if(is_nil)
    }

    #[inline]
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
