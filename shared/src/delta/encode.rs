//! Finding ops: what the target shares with the base at both ends first, then what moved in between.

use alloc::vec::Vec;
use core::ops::Range;

use super::index::Index;
use super::matching::{common_prefix, common_suffix, word};
use super::ops::{Copy, MIN_COPY, Op, OpWriter};
use crate::encoding::varint_len;

/// How far from where it is expected a copy is looked for without an index: what small insertions and
/// deletions move. Wider finds chance matches more often than moved text.
const NEAR: usize = 24;
/// Literals after which text that moved a little is no longer looked for.
const NEAR_LITERALS: usize = 64;
/// Literals after which the index is built and asked: most changes are over before.
const INDEX_LITERALS: usize = 12;
/// Places that are tried of those that the index knows for six bytes.
const INDEX_TRIES: usize = 8;
/// A match this long is taken without looking for a longer one.
const ENOUGH: usize = 64;

/// The ops that make `target` from `base`, or `None` when they would not be smaller than `target`.
///
/// Takes time proportional to both lengths, whatever their content: about 3 µs for 4 KB with a few changes.
#[must_use]
pub fn encode(base: &[u8], target: &[u8]) -> Option<Vec<u8>> {
    let front = Some(common_prefix(base, target))
        .filter(|&len| len >= MIN_COPY)
        .unwrap_or(0);
    let back = Some(common_suffix(&base[front..], &target[front..]))
        .filter(|&len| len >= MIN_COPY)
        .unwrap_or(0);
    let mut encoder = Encoder {
        base,
        target,
        middle: front..base.len() - back,
        index: None,
        ops: OpWriter::new(target.len()),
        written: 0,
    };
    if front > 0 {
        encoder.push(Match {
            start: 0,
            at: 0,
            len: front,
        });
    }
    encoder.middle(target.len() - back);
    if back > 0 {
        encoder.push(Match {
            start: base.len() - back,
            at: target.len() - back,
            len: back,
        });
    }
    encoder.finish()
}

/// Equal bytes: `len` from `start` in the base and from `at` in the target.
#[derive(Clone, Copy)]
struct Match {
    start: usize,
    at: usize,
    len: usize,
}

struct Encoder<'a> {
    base: &'a [u8],
    target: &'a [u8],
    /// The base without what it shares with the target at both ends.
    middle: Range<usize>,
    /// Of the middle, once it is needed.
    index: Option<Index>,
    ops: OpWriter,
    /// Bytes of the target that the ops make.
    written: usize,
}

impl Encoder<'_> {
    fn middle(&mut self, end: usize) {
        let mut at = self.written;
        while at + MIN_COPY <= end && self.ops.len() + at - self.written < self.target.len() {
            match self.find(at, end) {
                Some(found) => {
                    self.push(found);
                    at = self.written;
                }
                None => at += 1,
            }
        }
    }

    fn push(&mut self, found: Match) {
        self.ops.push(Op {
            literals: &self.target[self.written..found.at],
            copy: Some(Copy {
                start: found.start,
                len: found.len,
            }),
        });
        self.written = found.at + found.len;
    }

    fn finish(mut self) -> Option<Vec<u8>> {
        if self.written < self.target.len() {
            self.ops.push(Op {
                literals: &self.target[self.written..],
                copy: None,
            });
        }
        let ops = self.ops.finish();
        (ops.len() < self.target.len()).then_some(ops)
    }

    fn find(&mut self, at: usize, end: usize) -> Option<Match> {
        let literals = at - self.written;
        let expected = self.ops.copied_to() + literals;
        let len = self.agreement(expected, at, end);
        if len >= MIN_COPY {
            return Some(Match {
                start: expected,
                at,
                len,
            });
        }
        if literals < NEAR_LITERALS
            && let Some(found) = self.find_near(expected, at, end)
        {
            return Some(found);
        }
        if literals < INDEX_LITERALS {
            return None;
        }
        self.find_anywhere(expected, at, end)
    }

    fn find_near(&self, expected: usize, at: usize, end: usize) -> Option<Match> {
        let bytes = word(self.target, at)?;
        let mut best: Option<Match> = None;
        for distance in 1..=NEAR {
            for start in [expected + distance, expected.wrapping_sub(distance)] {
                let Some(other) = word(self.base, start) else {
                    continue;
                };
                if ((bytes ^ other).trailing_zeros() as usize) < 8 * MIN_COPY {
                    continue;
                }
                let len = self.agreement(start, at, end);
                if len >= MIN_COPY && best.is_none_or(|best| len > best.len) {
                    best = Some(Match { start, at, len });
                    if len >= ENOUGH {
                        return best;
                    }
                }
            }
        }
        best
    }

    fn find_anywhere(&mut self, expected: usize, at: usize, end: usize) -> Option<Match> {
        let index = self
            .index
            .get_or_insert_with(|| Index::new(self.base, self.middle.clone()));
        let mut best: Option<(usize, Match)> = None;
        for start in index.candidates(self.target, at).take(INDEX_TRIES) {
            let ahead = common_prefix(&self.base[start..], &self.target[at..end]);
            let behind = common_suffix(&self.base[..start], &self.target[self.written..at]);
            let found = Match {
                start: start - behind,
                at: at - behind,
                len: ahead + behind,
            };
            let cost = 1 + varint_len(2 * start.abs_diff(expected) as u64);
            let gain = found.len.saturating_sub(cost);
            if gain >= 2 && best.is_none_or(|(most, _)| gain > most) {
                best = Some((gain, found));
                if found.len >= ENOUGH {
                    break;
                }
            }
        }
        best.map(|(_, found)| found)
    }

    fn agreement(&self, start: usize, at: usize, end: usize) -> usize {
        match self.base.get(start..) {
            Some(base) => common_prefix(base, &self.target[at..end]),
            None => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::vec;

    use super::super::corpus::corpora;
    use super::super::{apply, check};
    use super::*;

    /// Encodes, checks that the ops make the target and are smaller, and gives their number of bytes.
    fn round_trip(base: &[u8], target: &[u8]) -> Option<usize> {
        let ops = encode(base, target)?;
        assert!(ops.len() < target.len());
        assert_eq!(apply(base, &ops, target.len()).unwrap(), target);
        Some(ops.len())
    }

    #[test]
    fn documents_that_change_cost_what_changed() {
        // Mean bytes of a delta: about 1.1 times what was measured, so that a loss of quality shows.
        let limits = [
            ("dashboard JSON", 108),
            ("order book JSON", 168),
            ("HTML fragment", 43),
            ("CSV table", 82),
            ("chat log JSON", 108),
        ];
        let corpora = corpora(1, 60);
        assert_eq!(corpora.len(), limits.len());
        for (corpus, (name, limit)) in corpora.iter().zip(limits) {
            assert_eq!(corpus.name, name);
            let sizes = corpus
                .versions
                .windows(2)
                .map(|pair| round_trip(&pair[0], &pair[1]).unwrap());
            let mean = sizes.sum::<usize>() / (corpus.versions.len() - 1);
            assert!(mean <= limit, "{name}: {mean} bytes");
        }
    }

    #[test]
    fn an_equal_value_costs_a_few_bytes() {
        let value = vec![b'x'; 5_000];
        assert_eq!(round_trip(&value, &value), Some(6));
        assert_eq!(encode(b"", b""), None);
        assert_eq!(encode(b"something", b""), None);
    }

    #[test]
    fn unrelated_values_have_no_delta() {
        let mut rng = fastrand::Rng::with_seed(5);
        let mut noise = |len| {
            std::iter::repeat_with(|| rng.u8(..))
                .take(len)
                .collect::<Vec<_>>()
        };
        assert_eq!(encode(&noise(5_000), &noise(5_000)), None);
        assert_eq!(encode(b"", &noise(5_000)), None);
        assert_eq!(encode(&noise(5_000), b"short"), None);
    }

    #[test]
    fn the_wrong_base_is_caught_by_the_checks() {
        let mut built = 0;
        for corpus in corpora(2, 12) {
            for versions in corpus.versions.windows(3) {
                let [old, base, target] = versions else {
                    panic!("windows of three");
                };
                let ops = encode(base, target).unwrap();
                assert_ne!(check(old).base(), check(base).base());
                if let Ok(value) = apply(old, &ops, 1 << 20) {
                    assert_ne!(check(&value).result(), check(target).result());
                    built += 1;
                }
            }
        }
        assert!(
            built > 10,
            "{built} wrong values were built: too few to say anything"
        );
    }

    #[test]
    fn damaged_ops_end_in_an_error_or_are_caught_by_the_check() {
        let mut rng = fastrand::Rng::with_seed(7);
        for corpus in corpora(4, 2) {
            let (base, target) = (&corpus.versions[0], &corpus.versions[1]);
            let ops = encode(base, target).unwrap();
            for _ in 0..2_000 {
                let mut damaged = ops.clone();
                for _ in 0..rng.usize(1..4) {
                    let at = rng.usize(..damaged.len());
                    match rng.u8(..3) {
                        0 => damaged[at] ^= 1 << rng.u8(..8),
                        1 => damaged[at] = rng.u8(..),
                        _ => damaged.truncate(at.max(1)),
                    }
                }
                let max = 2 * target.len();
                if let Ok(value) = apply(base, &damaged, max) {
                    assert!(value.len() <= max);
                    let same = check(&value).result() == check(target).result();
                    assert_eq!(same, value == *target);
                }
            }
        }
    }

    /// Pieces of a small alphabet, so that chance matches, overlaps and periods abound.
    fn pieces() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            proptest::collection::vec(0u8..4, 0..20),
            (any::<u8>(), 0usize..300).prop_map(|(byte, len)| vec![byte; len]),
            proptest::collection::vec(any::<u8>(), 0..100),
            Just(b"{\"name\":\"value\",\"number\":12345.678}".to_vec()),
        ];
        proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_pair_goes_round_trip(base in pieces(), target in pieces()) {
            round_trip(&base, &target);
        }

        #[test]
        fn an_edit_costs_about_what_it_inserts(
            value in proptest::collection::vec(any::<u8>(), 600..2_000),
            edits in proptest::collection::vec((any::<prop::sample::Index>(), 0usize..30, 0u8..30), 1..4),
        ) {
            let mut edited = value.clone();
            let mut inserted = 0;
            for (at, removed, added) in &edits {
                let at = at.index(edited.len());
                let removed = (at + removed).min(edited.len());
                edited.splice(at..removed, 0..*added);
                inserted += usize::from(*added);
            }
            // Of each edit: its bytes, a token, two varints, and what falls between the index's samples.
            let most = inserted + 24 * (edits.len() + 1);
            prop_assert!(round_trip(&value, &edited).is_some_and(|len| len <= most));
        }
    }
}
