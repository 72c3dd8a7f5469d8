//! How far two byte strings agree, eight bytes at a time.

/// The eight bytes at `at`, if there are as many.
pub(super) fn word(bytes: &[u8], at: usize) -> Option<u64> {
    let word = bytes.get(at..)?.first_chunk()?;
    Some(u64::from_le_bytes(*word))
}

/// Bytes that two strings share at the front.
pub(super) fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let mut n = 0;
    while let (Some(x), Some(y)) = (word(a, n), word(b, n)) {
        if x != y {
            return n + (x ^ y).trailing_zeros() as usize / 8;
        }
        n += 8;
    }
    let tail = a.iter().zip(b).skip(n);
    n + tail.take_while(|(x, y)| x == y).count()
}

/// Bytes that two strings share at the end.
pub(super) fn common_suffix(a: &[u8], b: &[u8]) -> usize {
    let (mut x, mut y) = (a, b);
    while let (Some((x_rest, x_word)), Some((y_rest, y_word))) =
        (x.split_last_chunk::<8>(), y.split_last_chunk::<8>())
    {
        if x_word != y_word {
            break;
        }
        (x, y) = (x_rest, y_rest);
    }
    let ends = x.iter().rev().zip(y.iter().rev());
    a.len() - x.len() + ends.take_while(|(x, y)| x == y).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn agreement_is_what_comparing_bytes_finds(
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
    }
}
