//! Blocks (RFC 8878 section 3.1.1.2).

use alloc::vec::Vec;

use super::output::Output;
use super::tables::{Tables, Usual};
use super::{literals, sequences};

/// A piece of a frame.
pub(super) struct Block<'a> {
    pub(super) is_last: bool,
    kind: u32,
    /// Of what comes out, if it is one byte that is repeated.
    size: usize,
    bytes: &'a [u8],
    /// What follows it in the frame.
    pub(super) rest: &'a [u8],
}

impl<'a> Block<'a> {
    pub(super) fn read(frame: &'a [u8]) -> Option<Self> {
        let (&[low, mid, high], rest) = frame.split_first_chunk()?;
        let header = u32::from_le_bytes([low, mid, high, 0]);
        let kind = header >> 1 & 3;
        let size = (header >> 3) as usize;
        let (bytes, rest) = rest.split_at_checked(if kind == 1 { 1 } else { size })?;
        Some(Self {
            is_last: header & 1 != 0,
            kind,
            size,
            bytes,
            rest,
        })
    }

    /// Puts its content out. None when it is damaged, or would become too much.
    pub(super) fn decode(
        &self,
        usual: &Usual,
        tables: &mut Tables,
        literals: &mut Vec<u8>,
        out: &mut Output<'_>,
    ) -> Option<()> {
        match self.kind {
            0 => out.push(self.bytes),
            1 => out.repeat(*self.bytes.first()?, self.size),
            2 => {
                let rest = literals::read(self.bytes, &mut tables.literals, literals)?;
                sequences::run(rest, usual, tables, literals, out)
            }
            _ => None,
        }
    }
}
