//! Reading and writing of delta ops as bytes (docs/protocol.md section 4.3).
//!
//! An op is a token, literals, and a copy from the base. A copy's place is written as its distance from where
//! it was expected, so that text which moved together with its surroundings costs one byte.

use alloc::vec::Vec;

use super::DeltaApplyError;
use crate::encoding::{read_varint, write_varint};

/// Shorter copies cannot be written; they would save nothing.
pub(super) const MIN_COPY: usize = 4;
/// Token nibble of literals: this many or more, the rest in a varint.
const LONG_LITERALS: u8 = 15;
/// Token nibble of a copy of this length minus its code: codes 1 to 14 are lengths 4 to 17.
const COPY_BIAS: usize = MIN_COPY - 1;
/// Token nibble of a copy of `LONG_COPY + COPY_BIAS` bytes or more, the rest in a varint.
const LONG_COPY: u8 = 15;

/// Bytes of the base that stand in the target.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Copy {
    pub(super) start: usize,
    /// At least [`MIN_COPY`].
    pub(super) len: usize,
}

/// One op: literals, then a copy, which only the last op may lack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Op<'a> {
    pub(super) literals: &'a [u8],
    pub(super) copy: Option<Copy>,
}

/// Writes ops.
pub(super) struct OpWriter {
    out: Vec<u8>,
    /// End of the last copy.
    copied_to: usize,
}

impl OpWriter {
    pub(super) fn new(target_len: usize) -> Self {
        let mut out = Vec::with_capacity(64);
        write_varint(&mut out, target_len as u64);
        Self { out, copied_to: 0 }
    }

    pub(super) fn push(&mut self, op: Op<'_>) {
        let (literal_code, more_literals) = nibble(op.literals.len(), LONG_LITERALS);
        let (copy_code, more_copy) = match op.copy {
            Some(copy) => nibble(copy.len - COPY_BIAS, LONG_COPY),
            None => (0, None),
        };
        self.out.push(literal_code << 4 | copy_code);
        if let Some(more) = more_literals {
            write_varint(&mut self.out, more);
        }
        self.out.extend_from_slice(op.literals);
        if let Some(more) = more_copy {
            write_varint(&mut self.out, more);
        }
        if let Some(copy) = op.copy {
            let expected = self.copied_to + op.literals.len();
            let moved = (copy.start as i64).wrapping_sub(expected as i64);
            write_varint(&mut self.out, zigzag(moved));
            self.copied_to = copy.start + copy.len;
        }
    }

    /// Bytes so far.
    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    /// End of the last copy in the base: after `n` literals a copy is expected `n` bytes further on.
    pub(super) fn copied_to(&self) -> usize {
        self.copied_to
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.out
    }
}

/// Reads ops.
pub(super) struct OpReader<'a> {
    ops: &'a [u8],
    rest: &'a [u8],
    copied_to: usize,
}

impl<'a> OpReader<'a> {
    /// Reads the target's length, which the ops follow.
    pub(super) fn new(ops: &'a [u8]) -> Result<(u64, Self), DeltaApplyError> {
        let mut reader = Self {
            ops,
            rest: ops,
            copied_to: 0,
        };
        let target_len = reader.number()?;
        Ok((target_len, reader))
    }

    pub(super) fn op(&mut self) -> Result<Op<'a>, DeltaApplyError> {
        let Some((&token, rest)) = self.rest.split_first() else {
            return Err(DeltaApplyError::CutOff);
        };
        self.rest = rest;
        let literal_len = self.length(token >> 4, LONG_LITERALS)?;
        if literal_len > self.rest.len() {
            return Err(DeltaApplyError::CutOff);
        }
        let (literals, rest) = self.rest.split_at(literal_len);
        self.rest = rest;
        let copy = match token & 15 {
            0 => None,
            code => Some(self.copy(code, literal_len)?),
        };
        Ok(Op { literals, copy })
    }

    /// Bytes read so far.
    pub(super) fn at(&self) -> usize {
        self.ops.len() - self.rest.len()
    }

    /// Bytes after the last op read.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn copy(&mut self, code: u8, literal_len: usize) -> Result<Copy, DeltaApplyError> {
        let code = self.length(code, LONG_COPY)?;
        let moved = unzigzag(self.number()?);
        let start = (self.copied_to as i64)
            .checked_add(literal_len as i64)
            .and_then(|expected| expected.checked_add(moved))
            .and_then(|start| usize::try_from(start).ok());
        let len = code.checked_add(COPY_BIAS);
        let outside = DeltaApplyError::CopyOutsideBase { at: self.at() };
        let (Some(start), Some(len)) = (start, len) else {
            return Err(outside);
        };
        self.copied_to = start.checked_add(len).ok_or(outside)?;
        Ok(Copy { start, len })
    }

    fn length(&mut self, code: u8, long: u8) -> Result<usize, DeltaApplyError> {
        if code < long {
            return Ok(usize::from(code));
        }
        let at = self.at();
        usize::try_from(self.number()?)
            .ok()
            .and_then(|more| more.checked_add(usize::from(long)))
            .ok_or(DeltaApplyError::BadNumber { at })
    }

    fn number(&mut self) -> Result<u64, DeltaApplyError> {
        let at = self.at();
        let (n, rest) = read_varint(self.rest).map_err(|_| DeltaApplyError::BadNumber { at })?;
        self.rest = rest;
        Ok(n)
    }
}

/// The token's nibble of a length, and the varint that follows if the nibble is `long`.
fn nibble(n: usize, long: u8) -> (u8, Option<u64>) {
    match u8::try_from(n) {
        Ok(short) if short < long => (short, None),
        _ => (long, Some(n as u64 - u64::from(long))),
    }
}

fn zigzag(n: i64) -> u64 {
    (n << 1 ^ n >> 63).cast_unsigned()
}

fn unzigzag(n: u64) -> i64 {
    (n >> 1).cast_signed() ^ -(n & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::vec;

    use super::*;

    /// The worked example of docs/protocol.md section 4.3's layout, byte by byte.
    #[test]
    fn ops_are_the_bytes_of_the_protocol() {
        let mut writer = OpWriter::new(300);
        // Copy of 4 at the expected place: token 0x01, offset 0.
        writer.push(Op {
            literals: b"",
            copy: Some(Copy { start: 0, len: 4 }),
        });
        // Two literals, copy of 17, one byte before the expected place (4 + 2 = 6): zigzag(-1) = 1.
        writer.push(Op {
            literals: b"ab",
            copy: Some(Copy { start: 5, len: 17 }),
        });
        // 15 literals (varint 0), copy of 18 + 200, 100 bytes after the expected place (22 + 15 = 37): zigzag(100) = 200.
        writer.push(Op {
            literals: &[7; 15],
            copy: Some(Copy {
                start: 137,
                len: 218,
            }),
        });
        // Three literals, no copy.
        writer.push(Op {
            literals: b"xyz",
            copy: None,
        });
        let mut bytes = vec![0xac, 0x02, 0x01, 0x00, 0x2e, b'a', b'b', 0x01, 0xff, 0x00];
        bytes.extend_from_slice(&[7; 15]);
        bytes.extend_from_slice(&[0xc8, 0x01, 0xc8, 0x01, 0x30, b'x', b'y', b'z']);
        assert_eq!(writer.finish(), bytes);
    }

    proptest! {
        #[test]
        fn ops_survive_the_wire(
            target_len: u64,
            ops: Vec<(Vec<u8>, Option<(u32, u16)>)>,
        ) {
            let copy = |(start, len): (u32, u16)| Copy {
                start: start as usize,
                len: MIN_COPY + usize::from(len),
            };
            let ops: Vec<_> = ops.iter().map(|(literals, c)| Op { literals, copy: c.map(copy) }).collect();
            let target_len = usize::try_from(target_len >> 1).unwrap();
            let mut writer = OpWriter::new(target_len);
            for &op in &ops {
                writer.push(op);
            }
            prop_assert_eq!(writer.len(), writer.out.len());
            let bytes = writer.finish();
            let (len, mut reader) = OpReader::new(&bytes).unwrap();
            prop_assert_eq!(len, target_len as u64);
            for &op in &ops {
                prop_assert_eq!(reader.op().unwrap(), op);
            }
            prop_assert_eq!(reader.rest(), &[] as &[u8]);
        }

        #[test]
        fn zigzag_goes_both_ways(n: i64) {
            prop_assert_eq!(unzigzag(zigzag(n)), n);
        }
    }
}
