//! Where six bytes occur in a base: a hash table with chains.

use alloc::vec;
use alloc::vec::Vec;
use core::iter;
use core::ops::Range;

use super::matching::word;

/// A base up to this long is indexed at every byte; a longer one at every 2nd, 4th, ..., so that building the
/// index stays a small part of sending the value and takes at most 256 KiB plus the heads.
const ENTRIES: usize = 24 * 1024;

/// An index of a part of the base.
pub(super) struct Index {
    /// Entry numbers + 1 by hash; 0 is none. The earliest of a hash.
    heads: Vec<u32>,
    /// By entry: number + 1 of the next one with the same hash.
    links: Vec<u32>,
    from: usize,
    step: usize,
    hash_shift: u32,
}

impl Index {
    pub(super) fn new(base: &[u8], part: Range<usize>) -> Self {
        let mut step = 1;
        while part.len() / step > ENTRIES {
            step *= 2;
        }
        let hash_bits = (part.len() / step).max(256).ilog2().min(16);
        let mut index = Self {
            heads: vec![0; 1 << hash_bits],
            links: vec![0; part.len() / step + 1],
            from: part.start,
            step,
            hash_shift: 64 - hash_bits,
        };
        // Backwards, so that chains lead forwards.
        for entry in (0..index.links.len()).rev() {
            if let Some(hash) = index.hash(base, part.start + entry * step)
                && let Ok(number) = u32::try_from(entry + 1)
            {
                index.links[entry] = index.heads[hash];
                index.heads[hash] = number;
            }
        }
        index
    }

    /// Places in the base where the six bytes of `bytes` at `at` may stand.
    pub(super) fn candidates(&self, bytes: &[u8], at: usize) -> impl Iterator<Item = usize> {
        let first = self.hash(bytes, at).map_or(0, |hash| self.heads[hash]);
        let entries = iter::successors(Some(first), |&number| {
            let entry = (number as usize).checked_sub(1)?;
            Some(self.links[entry])
        });
        entries
            .take_while(|&number| number != 0)
            .map(|number| self.from + (number as usize - 1) * self.step)
    }

    fn hash(&self, bytes: &[u8], at: usize) -> Option<usize> {
        // The low six bytes, spread by 2^64 / golden ratio; the top bits are the best mixed.
        let six = word(bytes, at)? << 16;
        usize::try_from(six.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.hash_shift).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_all_places_in_order() {
        let base = b"......needle......needle......needle......";
        let index = Index::new(base, 7..base.len());
        let found: Vec<_> = index
            .candidates(b"a needle in", 2)
            .filter(|&at| base[at..].starts_with(b"needle"))
            .collect();
        assert_eq!(found, [18, 30]);
    }

    #[test]
    fn a_long_base_is_sampled() {
        let base = vec![1; 10 * ENTRIES];
        let index = Index::new(&base, 0..base.len());
        assert_eq!(index.step, 16);
        assert!(index.links.len() <= ENTRIES + 1);
        assert_eq!(index.candidates(&base, 5).nth(2), Some(32));
    }

    #[test]
    fn short_bytes_have_no_candidates() {
        let index = Index::new(b"", 0..0);
        assert_eq!(index.candidates(b"needles", 0).count(), 0);
        assert_eq!(index.candidates(b"needles!", 0).count(), 0);
    }
}
