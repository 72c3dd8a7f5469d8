//! What a frame's blocks leave to the next block, and a dictionary to the first (RFC 8878 sections 3.1.1.3 and 5).

use alloc::sync::Arc;

use super::codes::{SEQUENCES, USUAL};
use super::fse::Fse;
use super::huffman::Huffman;

/// Tables that need no description.
pub(super) type Usual = [Arc<Fse>; 3];

/// Makes them.
pub(super) fn usual() -> Usual {
    core::array::from_fn(|at| Arc::new(Fse::new(&SEQUENCES[at], &USUAL[at])))
}

/// The tables that were used last, and the offsets.
#[derive(Clone, Default)]
pub(super) struct Tables {
    pub(super) literals: Option<Arc<Huffman>>,
    /// In the order of [`SEQUENCES`].
    pub(super) sequences: [Option<Arc<Fse>>; 3],
    pub(super) recent: Recent,
}

impl Tables {
    /// Reads those of a dictionary; its content comes with them.
    pub(super) fn of_dictionary(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let mut tables = Self::default();
        let (literals, mut rest) = Huffman::read(bytes)?;
        tables.literals = Some(Arc::new(literals));
        // Here literal lengths come last.
        for at in [1, 2, 0] {
            let table;
            (table, rest) = Fse::read(&SEQUENCES[at], rest)?;
            tables.sequences[at] = Some(Arc::new(table));
        }
        for offset in &mut tables.recent.0 {
            let four;
            (four, rest) = rest.split_first_chunk()?;
            *offset = u32::from_le_bytes(*four);
        }
        let is_within = |offset: &u32| (1..=rest.len()).contains(&(*offset as usize));
        tables
            .recent
            .0
            .iter()
            .all(is_within)
            .then_some((tables, rest))
    }
}

/// The offsets that were used last, newest first.
#[derive(Clone, Copy)]
pub(super) struct Recent([u32; 3]);

impl Default for Recent {
    fn default() -> Self {
        Self([1, 4, 8])
    }
}

impl Recent {
    /// What the offset of a sequence means (RFC 8878 section 3.1.1.5): up to 3 it is a recent one.
    pub(super) fn resolve(&mut self, number: u32, without_literals: bool) -> Option<u32> {
        let Self(recent) = self;
        let which = number.wrapping_sub(1).wrapping_add(without_literals.into());
        let (offset, moved) = match (number, which) {
            (4.., _) => (number - 3, 2),
            (_, 3) => (recent[0] - 1, 2),
            (_, which) => (recent[which as usize], which as usize),
        };
        recent.copy_within(..moved, 1);
        recent[0] = offset;
        (offset > 0).then_some(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recent_offsets_move_to_the_front() {
        let mut recent = Recent::default();
        assert_eq!(recent.resolve(10 + 3, false), Some(10));
        assert_eq!(recent.0, [10, 1, 4]);
        assert_eq!(recent.resolve(1, false), Some(10));
        assert_eq!(recent.resolve(2, false), Some(1));
        assert_eq!(recent.0, [1, 10, 4]);
        assert_eq!(recent.resolve(3, false), Some(4));
        assert_eq!(recent.0, [4, 1, 10]);
    }

    #[test]
    fn without_literals_they_mean_the_next_ones() {
        let mut recent = Recent([7, 5, 3]);
        assert_eq!(recent.resolve(1, true), Some(5));
        assert_eq!(recent.0, [5, 7, 3]);
        assert_eq!(recent.resolve(2, true), Some(3));
        assert_eq!(recent.0, [3, 5, 7]);
        assert_eq!(recent.resolve(3, true), Some(2), "one less than the newest");
        assert_eq!(recent.0, [2, 3, 5]);
        assert_eq!(Recent([1, 4, 8]).resolve(3, true), None);
    }
}
