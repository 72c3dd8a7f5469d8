//! MessagePack, token by token: what the op codec and the serde codec are made of.

use alloc::vec::Vec;
use core::fmt;

use crate::limits::NESTING;

/// Why bytes are not the MessagePack that was expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TokenError {
    /// What was expected.
    pub expected: &'static str,
    /// Offset of the byte that is something else.
    pub at: usize,
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected ")?;
        f.write_str(self.expected)?;
        f.write_str(" at byte ")?;
        self.at.fmt(f)
    }
}

impl core::error::Error for TokenError {}

/// Appends a string.
pub fn write_str(out: &mut Vec<u8>, text: &str) {
    let len = text.len();
    match len {
        0..32 => out.push(0xa0 | byte(len)),
        32..256 => out.extend([0xd9, byte(len)]),
        _ => write_long_header(out, 0xda, len),
    }
    out.extend_from_slice(text.as_bytes());
}

/// Appends a byte string.
pub fn write_bin(out: &mut Vec<u8>, bytes: &[u8]) {
    let len = bytes.len();
    if len < 256 {
        out.extend([0xc4, byte(len)]);
    } else {
        write_long_header(out, 0xc5, len);
    }
    out.extend_from_slice(bytes);
}

/// Appends an unsigned integer in its shortest form.
pub fn write_uint(out: &mut Vec<u8>, n: u64) {
    if let Ok(n) = u8::try_from(n) {
        if n >= 128 {
            out.push(0xcc);
        }
        out.push(n);
    } else if let Ok(n) = u16::try_from(n) {
        out.push(0xcd);
        out.extend_from_slice(&n.to_be_bytes());
    } else if let Ok(n) = u32::try_from(n) {
        out.push(0xce);
        out.extend_from_slice(&n.to_be_bytes());
    } else {
        out.push(0xcf);
        out.extend_from_slice(&n.to_be_bytes());
    }
}

/// Appends a boolean.
pub fn write_bool(out: &mut Vec<u8>, value: bool) {
    out.push(if value { 0xc3 } else { 0xc2 });
}

/// Appends the header of an array of `len` values.
pub fn write_array(out: &mut Vec<u8>, len: usize) {
    if len < 16 {
        out.push(0x90 | byte(len));
    } else {
        write_long_header(out, 0xdc, len);
    }
}

/// Appends the header of a map of `len` pairs.
pub fn write_map(out: &mut Vec<u8>, len: usize) {
    if len < 16 {
        out.push(0x80 | byte(len));
    } else {
        write_long_header(out, 0xde, len);
    }
}

/// `marker` with a 16-bit length, or `marker + 1` with a 32-bit one.
fn write_long_header(out: &mut Vec<u8>, marker: u8, len: usize) {
    if let Ok(len) = u16::try_from(len) {
        out.push(marker);
        out.extend_from_slice(&len.to_be_bytes());
    } else {
        out.push(marker + 1);
        // A length past 4 GiB cannot be written: the limit on messages stands far below it.
        out.extend_from_slice(&u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes());
    }
}

fn byte(len: usize) -> u8 {
    debug_assert!(len < 256, "callers check the length");
    u8::try_from(len).unwrap_or(u8::MAX)
}

/// Reads MessagePack from a slice; never allocates, never reads past the end.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the first byte.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Offset of the next byte.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.at
    }

    /// Bytes not read yet.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// The error that something else than `expected` stands at the reader.
    #[must_use]
    pub const fn error(&self, expected: &'static str) -> TokenError {
        TokenError {
            expected,
            at: self.at,
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
    pub fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Reads a string.
    ///
    /// # Errors
    /// When the next value is no string, is cut off or is not UTF-8.
    pub fn str(&mut self) -> Result<&'a str, TokenError> {
        let start = self.clone();
        let len = match self.marker("a string")? {
            marker @ 0xa0..=0xbf => usize::from(marker & 0x1f),
            0xd9 => self.length(1)?,
            0xda => self.length(2)?,
            0xdb => self.length(4)?,
            _ => return Err(start.error("a string")),
        };
        let bytes = self.take(len)?;
        core::str::from_utf8(bytes).map_err(|_| start.error("UTF-8"))
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
    pub fn uint(&mut self) -> Result<u64, TokenError> {
        let start = self.clone();
        match self.marker("an unsigned integer")? {
            marker @ 0..=0x7f => Ok(u64::from(marker)),
            0xcc => self.number(1),
            0xcd => self.number(2),
            0xce => self.number(4),
            0xcf => self.number(8),
            _ => Err(start.error("an unsigned integer")),
        }
    }

    /// Reads a boolean.
    ///
    /// # Errors
    /// When the next value is no boolean.
    pub fn bool(&mut self) -> Result<bool, TokenError> {
        match self.peek() {
            Some(marker @ (0xc2 | 0xc3)) => {
                self.at += 1;
                Ok(marker == 0xc3)
            }
            _ => Err(self.error("a boolean")),
        }
    }

    /// Reads an array's header; its length is never more than the bytes that are left.
    ///
    /// # Errors
    /// When the next value is no array, or cannot be as long as it says.
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

    fn marker(&mut self, expected: &'static str) -> Result<u8, TokenError> {
        let marker = self.peek().ok_or(self.error(expected))?;
        self.at += 1;
        Ok(marker)
    }

    fn number(&mut self, width: usize) -> Result<u64, TokenError> {
        let bytes = self.take(width)?;
        Ok(bytes.iter().fold(0, |n, &byte| n << 8 | u64::from(byte)))
    }

    fn length(&mut self, width: usize) -> Result<usize, TokenError> {
        let start = self.clone();
        usize::try_from(self.number(width)?).map_err(|_| start.error("a length that fits memory"))
    }

    /// The next `len` bytes.
    ///
    /// # Errors
    /// When fewer are left.
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], TokenError> {
        let bytes = self.bytes[self.at..]
            .get(..len)
            .ok_or(self.error("more bytes"))?;
        self.at += len;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(n: u64, text: String, bytes: Vec<u8>, flag: bool) {
            let mut out = Vec::new();
            write_map(&mut out, 20);
            write_array(&mut out, 20);
            write_uint(&mut out, n);
            write_str(&mut out, &text);
            write_bin(&mut out, &bytes);
            write_bool(&mut out, flag);
            out.extend([0xc0; 40]);

            let mut reader = Reader::new(&out);
            prop_assert_eq!(reader.map()?, 20);
            prop_assert_eq!(reader.array()?, 20);
            prop_assert_eq!(reader.uint()?, n);
            prop_assert_eq!(reader.str()?, text);
            prop_assert_eq!(reader.bin()?, &bytes[..]);
            prop_assert_eq!(reader.bool()?, flag);
        }

        #[test]
        fn any_bytes_are_stepped_over_or_refused(bytes: Vec<u8>) {
            let mut reader = Reader::new(&bytes);
            while reader.remaining() > 0 && reader.skip().is_ok() {}
        }
    }

    #[test]
    fn nesting_and_announced_lengths_are_bounded() {
        let deep = vec![0x91; 100_000];
        assert!(Reader::new(&deep).skip().is_err());
        assert_eq!(
            Reader::new(&[0xdd, 0xff, 0xff, 0xff, 0xff])
                .array()
                .map_err(|e| e.at),
            Err(0)
        );
        assert_eq!(
            Reader::new(&[0xdf, 0xff, 0xff, 0xff, 0xff])
                .map()
                .map_err(|e| e.at),
            Err(0)
        );
        assert!(
            Reader::new(&[0xc6, 0xff, 0xff, 0xff, 0xff, 1])
                .bin()
                .is_err()
        );
    }
}
