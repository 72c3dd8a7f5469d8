//! Search for delta ops: first the bytes that target and base share at both ends, then those that moved in between.

use alloc::vec::Vec;
use core::ops::Range;

use super::index::Index;
use super::matching::{common_prefix, common_suffix, places};
use super::ops::{Copy, MIN_COPY, Op, OpWriter};
use crate::encoding::varint_len;

/// Distance from the expected place at which a copy is looked for without an index: that of small insertions and
/// deletions. Wider costs time and finds chance matches more often than moved text.
const NEAR: usize = 24;
/// Literals after which text that moved a little is no longer looked for.
const NEAR_LITERALS: usize = 8;
/// A match at the expected place is taken unless one nearby is this much longer: after a chance match the
/// text that moved is only found again at the next difference.
const NEAR_BETTER: usize = 6;
/// A match this long at the expected place is no chance.
const SURE: usize = 24;
/// Literals after which the index is built and asked: most changes are over before.
const INDEX_LITERALS: usize = 12;
/// Bytes indexed of the parts that base and target share at their ends: new text often resembles the text beside it.
const INDEX_AROUND: usize = 1024;
/// Limit of the indexed places that are compared for the next bytes.
const INDEX_TRIES: usize = 16;
/// A copy of the index must save this many bytes: it also ends the run of literals.
const INDEX_GAIN: usize = 2;
/// A match of the index this long is taken without looking for a better one.
const ENOUGH: usize = 64;
/// Number of following bytes at which a better match may begin. The index does not hold every position, so a match may
/// not be found at its first byte.
const AHEAD: usize = 5;

/// Of this many literals without a match every second byte is looked at, of twice as many every third, ...: what is new
/// is passed over quickly, and a match is extended backwards over what was passed.
const HURRY: usize = 128;

/// The ops that make `target` from `base`, or `None` when they would not be smaller than `target`.
///
/// Takes time proportional to both lengths, whatever their content: about 2 µs for 4 KB with a few changes.
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
        indexed: front.saturating_sub(INDEX_AROUND)..base.len() - back.saturating_sub(INDEX_AROUND),
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
    /// The part of the base that differs from the target, and some of what is around it.
    indexed: Range<usize>,
    /// Of that part, once it is needed.
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
                    let found = self.wait_for_better(found, end);
                    self.push(found);
                    at = self.written;
                }
                None => at += 1 + (at - self.written) / HURRY,
            }
        }
    }

    /// A short match may hide a better one that begins a little later.
    fn wait_for_better(&self, mut found: Match, end: usize) -> Match {
        if self.index.is_none() {
            return found;
        }
        let mut at = found.at + 1;
        while found.len < ENOUGH && at <= found.at + AHEAD && at + MIN_COPY <= end {
            if let Some(next) = self.find_anywhere(at, end, self.gain(found) + 2) {
                found = next;
            }
            at += 1;
        }
        found
    }

    /// Bytes that a copy saves over literals.
    fn gain(&self, found: Match) -> usize {
        let moved = found.start.abs_diff(self.expected(found.at));
        let cost = 1 + varint_len(2 * moved as u64);
        found.len.saturating_sub(cost)
    }

    /// Place in the base at which a copy costs one byte of offset.
    fn expected(&self, at: usize) -> usize {
        self.ops.copied_to() + at - self.written
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

    /// A match at `at`, or in the index one that begins before, over literals.
    fn find(&mut self, at: usize, end: usize) -> Option<Match> {
        let expected = self.expected(at);
        let here = Match {
            start: expected,
            at,
            len: self.agreement(expected, at, end),
        };
        if here.len >= SURE {
            return Some(here);
        }
        let worth_it = here.len >= MIN_COPY;
        if self.index.is_some() {
            let least = if worth_it {
                self.gain(here) + 1
            } else {
                INDEX_GAIN
            };
            let found = self.find_anywhere(at, end, least);
            return found.or(worth_it.then_some(here));
        }
        let literals = at - self.written;
        if literals < NEAR_LITERALS
            && let Some(found) = self.find_near(expected, at, end)
            && found.len > here.len + NEAR_BETTER
        {
            return Some(found);
        }
        if worth_it {
            return Some(here);
        }
        if literals < INDEX_LITERALS {
            return None;
        }
        self.index = Some(Index::new(self.base, self.indexed.clone()));
        self.find_anywhere(at, end, INDEX_GAIN)
    }

    fn find_near(&self, expected: usize, at: usize, end: usize) -> Option<Match> {
        let bytes: [u8; MIN_COPY] = *self.target.get(at..end)?.first_chunk()?;
        let from = expected.saturating_sub(NEAR);
        let to = (expected + NEAR + MIN_COPY).min(self.base.len());
        let mut best: Option<Match> = None;
        for i in places(self.base.get(from..to)?, bytes) {
            let start = from + i;
            let len = self.agreement(start, at, end);
            let nearer = |best: Match| start.abs_diff(expected) < best.start.abs_diff(expected);
            if best.is_none_or(|best| len > best.len || len == best.len && nearer(best)) {
                best = Some(Match { start, at, len });
            }
        }
        best
    }

    /// The match in the index, if there is one, that saves most and at least that many bytes.
    fn find_anywhere(&self, at: usize, end: usize, mut least: usize) -> Option<Match> {
        let index = self.index.as_ref()?;
        let (literals, rest) = (&self.target[self.written..at], &self.target[at..end]);
        let mut best = None;
        for start in index.candidates(&self.target[at..]).take(INDEX_TRIES) {
            let (before, after) = self.base.split_at(start);
            let ahead = common_prefix(after, rest);
            if ahead < MIN_COPY || ahead + literals.len() < least {
                continue;
            }
            let behind = common_suffix(before, literals);
            let found = Match {
                start: start - behind,
                at: at - behind,
                len: ahead + behind,
            };
            let gain = self.gain(found);
            if gain >= least {
                least = gain + 1;
                best = Some(found);
                if found.len >= ENOUGH {
                    break;
                }
            }
        }
        best
    }

    fn agreement(&self, start: usize, at: usize, end: usize) -> usize {
        match self.base.get(start..) {
            Some(base) => common_prefix(base, &self.target[at..end]),
            None => 0,
        }
    }
}
