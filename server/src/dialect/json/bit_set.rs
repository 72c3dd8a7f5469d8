//! Sets of small numbers, one bit each.

/// Set of the numbers below `64 * WORDS`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct BitSet<const WORDS: usize>([u64; WORDS]);

impl<const WORDS: usize> Default for BitSet<WORDS> {
    fn default() -> Self {
        Self([0; WORDS])
    }
}

impl<const WORDS: usize> BitSet<WORDS> {
    /// Adds a number. Returns whether it is new; false for a number that the set has no room for.
    pub(super) fn insert(&mut self, number: usize) -> bool {
        let bit = 1 << (number % 64);
        let word = self.0.get_mut(number / 64);
        word.is_some_and(|word| {
            let is_new = *word & bit == 0;
            *word |= bit;
            is_new
        })
    }

    /// Removes a number. Returns whether it was in the set.
    pub(super) fn remove(&mut self, number: usize) -> bool {
        let bit = 1 << (number % 64);
        let word = self.0.get_mut(number / 64);
        word.is_some_and(|word| {
            let was_there = *word & bit != 0;
            *word &= !bit;
            was_there
        })
    }

    /// Returns whether a number is in the set.
    pub(super) fn contains(&self, number: usize) -> bool {
        let word = self.0.get(number / 64);
        word.is_some_and(|word| word & (1 << (number % 64)) != 0)
    }

    /// Returns whether no number is in the set.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn is_a_set(ops in prop::collection::vec((any::<bool>(), 0usize..150), 0..100)) {
            let (mut bits, mut model) = (BitSet::<2>::default(), BTreeSet::new());
            for (insert, number) in ops {
                if insert {
                    prop_assert_eq!(bits.insert(number), number < 128 && model.insert(number));
                } else {
                    prop_assert_eq!(bits.remove(number), model.remove(&number));
                }
                prop_assert_eq!(bits.is_empty(), model.is_empty());
                prop_assert!((0..150).all(|n| bits.contains(n) == model.contains(&n)));
            }
        }
    }
}
