//! Common prefixes and suffixes of byte strings, eight bytes at a time.

/// The eight bytes at `at`, if there are as many.
pub(super) fn word(bytes: &[u8], at: usize) -> Option<u64> {
    let word = bytes.get(at..)?.first_chunk()?;
    Some(u64::from_le_bytes(*word))
}

/// Places of four bytes in a string, in order.
pub(super) fn places(bytes: &[u8], four: [u8; 4]) -> impl Iterator<Item = usize> {
    (0..bytes.len()).step_by(BLOCK).flat_map(move |from| {
        count();
        let block = &bytes[from..];
        let block = match block.first_chunk() {
            Some(block) if holds(block, four) => &block[..],
            Some(_) => &[],
            None => block,
        };
        let others = block.windows(4).enumerate();
        others.filter_map(move |(i, other)| (*other == four).then_some(from + i))
    })
}

/// Places in a string that are compared at once.
const BLOCK: usize = 16;

/// Returns whether `four` begins at one of these places. Without a branch per place, so that it compiles to few
/// instructions.
fn holds(block: &[u8; BLOCK + 3], [a, b, c, d]: [u8; 4]) -> bool {
    let mut found = false;
    for i in 0..BLOCK {
        found |= (block[i] == a) & (block[i + 1] == b) & (block[i + 2] == c) & (block[i + 3] == d);
    }
    found
}

/// Bytes that two strings share at the front.
pub(super) fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let mut n = 0;
    while let (Some(x), Some(y)) = (word(a, n), word(b, n)) {
        count();
        if x != y {
            return n + (x ^ y).trailing_zeros() as usize / 8;
        }
        n += 8;
    }
    count();
    let tail = a.iter().zip(b).skip(n);
    n + tail.take_while(|(x, y)| x == y).count()
}

/// Bytes that two strings share at the end.
pub(super) fn common_suffix(a: &[u8], b: &[u8]) -> usize {
    let (mut x, mut y) = (a, b);
    while let (Some((x_rest, x_word)), Some((y_rest, y_word))) =
        (x.split_last_chunk::<8>(), y.split_last_chunk::<8>())
    {
        count();
        if x_word != y_word {
            break;
        }
        (x, y) = (x_rest, y_rest);
    }
    count();
    let ends = x.iter().rev().zip(y.iter().rev());
    a.len() - x.len() + ends.take_while(|(x, y)| x == y).count()
}

/// Counts comparisons in tests, which bound how they grow with the lengths.
fn count() {
    #[cfg(test)]
    COMPARISONS.with(|made| made.set(made.get() + 1));
}

#[cfg(test)]
std::thread_local! {
    pub(super) static COMPARISONS: core::cell::Cell<usize> = const { core::cell::Cell::new(0) };
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::vec::Vec;

    use super::*;

    proptest! {
        #[test]
        fn agreement_equals_byte_comparison(
            same in proptest::collection::vec(any::<u8>(), 0..40),
            a in proptest::collection::vec(0u8..3, 0..20),
            b in proptest::collection::vec(0u8..3, 0..20),
        ) {
            let count = |a: &[u8], b: &[u8]| a.iter().zip(b).take_while(|(x, y)| x == y).count();
            let (front_a, front_b) = ([&same[..], &a].concat(), [&same[..], &b].concat());
            prop_assert_eq!(common_prefix(&front_a, &front_b), count(&front_a, &front_b));
            let (mut end_a, mut end_b) = (front_a, front_b);
            end_a.reverse();
            end_b.reverse();
            prop_assert_eq!(common_suffix(&end_a, &end_b), same.len() + count(&a, &b));
        }

        #[test]
        fn finds_exactly_places_of_four_bytes(
            bytes in proptest::collection::vec(0u8..2, 0..100),
            four in [0u8..2, 0u8..2, 0u8..2, 0u8..2],
        ) {
            let all = (0..bytes.len()).filter(|&at| bytes[at..].starts_with(&four));
            prop_assert_eq!(places(&bytes, four).collect::<Vec<_>>(), all.collect::<Vec<_>>());
        }
    }
}
