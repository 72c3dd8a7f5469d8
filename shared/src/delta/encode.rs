//! Finding ops: what the target shares with the base at both ends first, then what moved in between.

use alloc::vec::Vec;
use core::ops::Range;

use super::index::Index;
use super::matching::{common_prefix, common_suffix};
use super::ops::{Copy, MIN_COPY, Op, OpWriter};
use crate::encoding::varint_len;

/// How far from where it is expected a copy is looked for without an index: what small insertions and
/// deletions move. Wider costs time and finds chance matches more often than moved text.
const NEAR: usize = 40;
/// Literals after which text that moved a little is no longer looked for.
const NEAR_LITERALS: usize = 8;
/// A match at the expected place is taken unless one nearby is this much longer: after a chance match the
/// text that moved is only found again at the next difference.
const NEAR_BETTER: usize = 6;
/// A match this long at the expected place is no chance.
const SURE: usize = 24;
/// Literals after which the index is built and asked: most changes are over before.
const INDEX_LITERALS: usize = 12;
/// Places that are tried of those that the index knows for six bytes.
const INDEX_TRIES: usize = 8;
/// A match of the index this long is taken without looking for a longer one.
const ENOUGH: usize = 64;
/// A copy of the index must save this many bytes: it also ends the run of literals.
const INDEX_GAIN: usize = 2;

/// Of this many literals without a match every second byte is looked at, of twice as many every third, ...: what is new
/// is passed over quickly, and a match is extended backwards over what was passed.
const HURRY: usize = 128;

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
                None => at += 1 + (at - self.written) / HURRY,
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
        let mut here = Match {
            start: expected,
            at,
            len,
        };
        if len >= SURE {
            return Some(here);
        }
        if literals < NEAR_LITERALS
            && let Some(found) = self.find_near(expected, at, end)
            && found.len > len + NEAR_BETTER
        {
            here = found;
        }
        if here.len >= MIN_COPY {
            return Some(here);
        }
        if literals < INDEX_LITERALS {
            return None;
        }
        self.find_anywhere(expected, at, end)
    }

    fn find_near(&self, expected: usize, at: usize, end: usize) -> Option<Match> {
        let bytes: [u8; MIN_COPY] = *self.target.get(at..end)?.first_chunk()?;
        let from = expected.saturating_sub(NEAR);
        let to = (expected + NEAR + MIN_COPY).min(self.base.len());
        let mut best: Option<Match> = None;
        for (i, other) in self.base.get(from..to)?.windows(MIN_COPY).enumerate() {
            if *other != bytes {
                continue;
            }
            let start = from + i;
            let len = self.agreement(start, at, end);
            let nearer = |best: Match| start.abs_diff(expected) < best.start.abs_diff(expected);
            if best.is_none_or(|best| len > best.len || len == best.len && nearer(best)) {
                best = Some(Match { start, at, len });
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
            if gain >= INDEX_GAIN && best.is_none_or(|(most, _)| gain > most) {
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
