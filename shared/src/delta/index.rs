//! Index of the places of five bytes in a base: a hash table with chains.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;
use core::{iter, mem};

/// A part up to twice this long is indexed at every 2nd byte, a longer one at every 4th, 8th, ..., so that building the
/// index stays a small part of the work: what is found is extended backwards. Entry numbers fit 16 bits.
const ENTRIES: usize = 4 * 1024;
const HASH_BITS: u32 = 12;

/// An index of a part of the base.
pub(super) struct Index {
    /// Entry numbers + 1 by hash; 0 is none. The last of a hash.
    heads: Vec<u16>,
    /// By entry: number + 1 of the one before with the same hash.
    links: Vec<u16>,
    from: usize,
    step: usize,
}

impl Index {
    pub(super) fn new(base: &[u8], part: Range<usize>) -> Self {
        let mut step = 2;
        while part.len() / step > ENTRIES {
            step *= 2;
        }
        let from = part.start;
        let mut heads = vec![0; 1 << HASH_BITS];
        let words = base[part].windows(8).step_by(step).zip(1..);
        let links = words.map(|(word, number)| mem::replace(&mut heads[hash(word)], number));
        Self {
            links: links.collect(),
            heads,
            from,
            step,
        }
    }

    /// Places in the base where the first five bytes of `bytes` may stand, the last one first. None of less than eight
    /// bytes.
    pub(super) fn candidates(&self, bytes: &[u8]) -> impl Iterator<Item = usize> {
        let mut number = bytes.get(..8).map_or(0, |word| self.heads[hash(word)]);
        iter::from_fn(move || {
            let entry = usize::from(number).checked_sub(1)?;
            number = self.links[entry];
            Some(self.from + entry * self.step)
        })
    }
}

/// Of the first five bytes of eight, spread by 2^64 / golden ratio; the top bits are the best mixed.
fn hash(word: &[u8]) -> usize {
    let five = word
        .first_chunk()
        .map_or(0, |word| u64::from_le_bytes(*word))
        << 24;
    (five.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - HASH_BITS)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yields_all_candidates_newest_first() {
        let base = b"......needle......needle......needle......";
        let index = Index::new(base, 8..base.len());
        let found: Vec<_> = index
            .candidates(b"needle in")
            .filter(|&at| base[at..].starts_with(b"needl"))
            .collect();
        assert_eq!(found, [30, 18]);
    }

    #[test]
    fn a_long_part_is_sampled() {
        let base = vec![1; 10 * ENTRIES];
        let index = Index::new(&base, 3..base.len());
        assert_eq!(index.step, 16);
        assert!(index.links.len() <= ENTRIES);
        let (last, next) = {
            let mut places = index.candidates(&base);
            (places.next().unwrap(), places.next().unwrap())
        };
        assert!(last + 8 <= base.len() && last - next == 16 && (last - 3).is_multiple_of(16));
    }

    #[test]
    fn short_bytes_have_no_candidates() {
        let index = Index::new(b"", 0..0);
        assert_eq!(index.candidates(b"needles").count(), 0);
        assert_eq!(index.candidates(b"needles!").count(), 0);
    }
}
