//! [`Tokens`]: the trait of an encoding's reader, from which the deserializer takes values.

use alloc::vec::Vec;

use super::{CodecError, Container};
use crate::encoding::msgpack::Timestamp;

/// A value, or the beginning of one.
#[derive(Clone, Copy, Debug)]
pub(in crate::encoding) enum Token<'de> {
    Nil,
    Bool(bool),
    Uint(u64),
    Int(i64),
    /// Below [`i64::MIN`]: the number is -1 minus this.
    WideNegative(u64),
    Single(f32),
    Double(f64),
    Str(&'de str),
    Bytes(&'de [u8]),
    /// A moment, which is read as text.
    Timestamp(Timestamp),
    /// A string in pieces: [`Tokens::join`] reads them.
    Pieces(Pieces),
    /// A container, of so many items or until its end.
    Open(Container, Option<usize>),
}

/// Type of a string in pieces.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::encoding) enum Pieces {
    OfBytes,
    OfText,
}

/// Reads values of one encoding.
///
/// The methods that return an option are shortcuts to the values of one kind. `None` means any other value, or an
/// error: nothing was consumed, and [`next`](Self::next) returns the value or the error.
pub(in crate::encoding) trait Tokens<'de> {
    /// A boolean.
    fn bool(&mut self) -> Option<bool>;
    /// An unsigned integer.
    fn uint(&mut self) -> Option<u64>;
    /// An integer below zero or above.
    fn int(&mut self) -> Option<i64>;
    /// A float in single precision.
    fn single(&mut self) -> Option<f32>;
    /// A float in single or double precision.
    fn double(&mut self) -> Option<f64>;
    /// A text in one piece.
    fn text(&mut self) -> Option<&'de str>;
    /// A container's header.
    fn open(&mut self) -> Option<(Container, Option<usize>)>;
    /// The next token. A container's length is never more than the bytes left could hold.
    fn next(&mut self) -> Result<Token<'de>, CodecError>;
    /// Reads the pieces of a string that the token before announced.
    fn join(&mut self, pieces: Pieces) -> Result<Vec<u8>, CodecError>;
    /// Consumes nil if it comes next; returns whether it does.
    fn take_nil(&mut self) -> bool;
    /// Consumes the end of a container of unknown length if it comes next; returns whether it does.
    fn take_end(&mut self) -> bool;
    /// Offset of the next byte.
    fn offset(&self) -> usize;
    /// Returns whether every byte was read.
    fn is_empty(&self) -> bool;
}

/// Reads with `read`; after none, the reader is where it was.
///
/// `read` moves a copy of the reader: inlined, it is kept in registers, and the errors that are dropped are never made.
#[inline]
pub(in crate::encoding) fn attempt<R: Clone, T>(
    reader: &mut R,
    read: impl FnOnce(&mut R) -> Option<T>,
) -> Option<T> {
    let mut ahead = reader.clone();
    let value = read(&mut ahead)?;
    *reader = ahead;
    Some(value)
}
