//! A block's literals (RFC 8878 section 3.1.1.3.1).

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::BLOCK_BYTES;
use super::huffman::Huffman;
use crate::compression::body::little_endian;

/// Reads them into `literals`; what follows them in the block is returned.
pub(super) fn read<'a>(
    block: &'a [u8],
    codes: &mut Option<Arc<Huffman>>,
    literals: &mut Vec<u8>,
) -> Option<&'a [u8]> {
    literals.clear();
    let head = block.first()?;
    match head & 3 {
        0 => {
            let (size, rest) = plain_size(block)?;
            let (plain, rest) = rest.split_at_checked(size)?;
            literals.extend_from_slice(plain);
            Some(rest)
        }
        1 => {
            let (size, rest) = plain_size(block)?;
            let (byte, rest) = rest.split_first()?;
            literals.resize(size, *byte);
            Some(rest)
        }
        kind => {
            let header = Header::read(block)?;
            let mut packed = header.packed;
            if kind == 2 {
                let (described, rest) = Huffman::read(packed)?;
                *codes = Some(Arc::new(described));
                packed = rest;
            }
            header.decode(codes.as_deref()?, packed, literals)?;
            Some(header.rest)
        }
    }
}

/// Size of literals that are there as they are, or as one byte that is repeated.
fn plain_size(block: &[u8]) -> Option<(usize, &[u8])> {
    let (width, shift) = match block.first()? >> 2 & 3 {
        1 => (2, 4),
        3 => (3, 4),
        _ => (1, 3),
    };
    let (number, rest) = little_endian(block, width)?;
    Some((bounded(number >> shift)?, rest))
}

/// What stands before compressed literals.
struct Header<'a> {
    size: usize,
    has_four_streams: bool,
    packed: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Header<'a> {
    fn read(block: &'a [u8]) -> Option<Self> {
        let format = block.first()? >> 2 & 3;
        let width = usize::from(format.max(1)) + 2;
        let (number, rest) = little_endian(block, width)?;
        let bits = [10, 10, 14, 18][usize::from(format)];
        let mask = (1 << bits) - 1;
        let packed = usize::try_from(number >> (4 + bits) & mask).ok()?;
        let (packed, rest) = rest.split_at_checked(packed)?;
        Some(Self {
            size: bounded(number >> 4 & mask)?,
            has_four_streams: format > 0,
            packed,
            rest,
        })
    }

    fn decode(&self, codes: &Huffman, mut packed: &[u8], literals: &mut Vec<u8>) -> Option<()> {
        literals.reserve(self.size);
        let mut left = self.size;
        if self.has_four_streams {
            // The sizes of three; the fourth has the rest.
            let (sizes, streams) = packed.split_first_chunk::<6>()?;
            packed = streams;
            let each = self.size.div_ceil(4);
            for size in sizes.chunks_exact(2) {
                let size = u16::from_le_bytes([size[0], size[1]]);
                let (stream, rest) = packed.split_at_checked(size.into())?;
                codes.decode(stream, each, literals)?;
                left = left.checked_sub(each)?;
                packed = rest;
            }
        }
        codes.decode(packed, left, literals)
    }
}

fn bounded(size: u64) -> Option<usize> {
    usize::try_from(size)
        .ok()
        .filter(|size| *size <= BLOCK_BYTES)
}
