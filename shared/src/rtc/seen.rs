//! Bounded set of the ICE candidates that were passed on.

use alloc::collections::{BTreeSet, VecDeque};

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::limits::RTC_CANDIDATES;
use crate::time::Moment;

/// First bytes of the SHA-256 of sender, receiver and candidate: a candidate can be of any length, and is remembered in
/// sixteen bytes.
type Fingerprint = [u8; 16];

/// Set of the candidates that were passed on last, because browsers report the same one repeatedly.
///
/// Bounded: beyond the limit the oldest is forgotten, and is passed on again if it is repeated, which does no harm. The
/// caller removes old ones by [`forget_before`](Self::forget_before).
#[derive(Clone, Debug)]
pub struct SeenCandidates {
    limit: usize,
    seen: BTreeSet<Fingerprint>,
    /// The same candidates, each with the time at which it was remembered.
    oldest_first: VecDeque<(Moment, Fingerprint)>,
}

impl Default for SeenCandidates {
    fn default() -> Self {
        Self::with_limit(RTC_CANDIDATES)
    }
}

impl SeenCandidates {
    /// An empty set that remembers up to `limit` candidates, about 60 bytes each.
    #[must_use]
    pub const fn with_limit(limit: usize) -> Self {
        Self {
            limit,
            seen: BTreeSet::new(),
            oldest_first: VecDeque::new(),
        }
    }

    /// Remembers a candidate; returns whether it is new from this sender for this receiver. `now` must not be earlier than in
    /// the calls before.
    pub fn insert(&mut self, now: Moment, from: Uuid, to: Uuid, candidate: &str) -> bool {
        let fingerprint = fingerprint(from, to, candidate);
        if !self.seen.insert(fingerprint) {
            return false;
        }
        self.oldest_first.push_back((now, fingerprint));
        if self.oldest_first.len() > self.limit {
            self.forget_oldest();
        }
        true
    }

    /// Forgets the candidates that were remembered before this time.
    pub fn forget_before(&mut self, time: Moment) {
        while self.oldest_first.front().is_some_and(|(at, _)| *at < time) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, oldest)) = self.oldest_first.pop_front() {
            self.seen.remove(&oldest);
        }
    }

    /// Forgets a candidate, which was not passed on after all.
    pub fn remove(&mut self, from: Uuid, to: Uuid, candidate: &str) {
        let fingerprint = fingerprint(from, to, candidate);
        if !self.seen.remove(&fingerprint) {
            return;
        }
        // It was remembered just before.
        let mut remembered = self.oldest_first.iter();
        if let Some(at) = remembered.rposition(|(_, one)| *one == fingerprint) {
            self.oldest_first.remove(at);
        }
    }

    /// Candidates remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// Returns whether none is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }
}

fn fingerprint(from: Uuid, to: Uuid, candidate: &str) -> Fingerprint {
    let hash = Sha256::new()
        .chain_update(from.as_bytes())
        .chain_update(to.as_bytes())
        .chain_update(candidate)
        .finalize();
    let mut fingerprint = Fingerprint::default();
    fingerprint.copy_from_slice(&hash[..16]);
    fingerprint
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Agrees with a plain list of the last candidates.
        #[test]
        fn remembers_last_candidates(
            limit in 1_usize..6,
            candidates: Vec<(bool, bool, u8)>,
        ) {
            let mut seen = SeenCandidates::with_limit(limit);
            let mut known = VecDeque::new();
            for (from, to, candidate) in candidates {
                let candidate = (from, to, candidate % 4);
                let (from, to) = (Uuid::from_u128(from.into()), Uuid::from_u128(to.into()));
                let text = ["", "a", "b", "ab"][usize::from(candidate.2)];
                prop_assert_eq!(seen.insert(Moment::default(), from, to, text), !known.contains(&candidate));
                if !known.contains(&candidate) {
                    known.push_back(candidate);
                    known.drain(..known.len().saturating_sub(limit));
                }
                prop_assert_eq!(seen.len(), known.len());
            }
        }
    }

    #[test]
    fn forgotten_candidate_is_new() {
        let mut seen = SeenCandidates::with_limit(2);
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        for _ in 0..5 {
            assert!(seen.insert(Moment::default(), a, b, "host"));
            assert!(!seen.insert(Moment::default(), a, b, "host"));
            seen.remove(a, b, "host");
        }
        assert!(seen.is_empty());
        assert!(seen.oldest_first.is_empty());
    }

    #[test]
    fn the_room_is_bounded() {
        let mut seen = SeenCandidates::default();
        assert!(seen.is_empty());
        for n in 0..=RTC_CANDIDATES as u128 {
            let from = Uuid::from_u128(n);
            assert!(seen.insert(Moment::default(), from, Uuid::nil(), "candidate"));
        }
        assert_eq!(seen.len(), RTC_CANDIDATES);
        assert!(
            seen.insert(Moment::default(), Uuid::nil(), Uuid::nil(), "candidate"),
            "forgotten"
        );
    }
}
