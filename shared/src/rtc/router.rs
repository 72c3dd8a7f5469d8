//! [`RtcRouter`]: filter of ICE candidates that were passed on already.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::SeenCandidates;
use crate::time::Moment;

/// Time of every candidate: the router has no clock, and forgets candidates by their number, not by their age.
const NO_TIME: Moment = Moment::after_origin(Duration::ZERO);

/// Filter of the candidates that were passed on already, for all pairs of peers. Can be shared by threads.
///
/// Remembers the last [`RTC_CANDIDATES`](crate::limits::RTC_CANDIDATES) of all; one that came before may pass again.
#[derive(Debug, Default)]
pub struct RtcRouter {
    seen: Mutex<SeenCandidates>,
}

impl RtcRouter {
    /// A router that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Remembers a candidate. Returns whether it is new from this sender for this receiver, and should be passed on.
    pub fn dedup_candidate(&self, from: Uuid, to: Uuid, candidate: &str) -> bool {
        self.seen().insert(NO_TIME, from, to, candidate)
    }

    /// Remembers candidates. Returns those that are new from this sender for this receiver, in their order.
    pub fn dedup_batch(&self, from: Uuid, to: Uuid, mut candidates: Vec<String>) -> Vec<String> {
        let mut seen = self.seen();
        candidates.retain(|candidate| seen.insert(NO_TIME, from, to, candidate));
        candidates
    }

    fn seen(&self) -> MutexGuard<'_, SeenCandidates> {
        // Nothing panics while the lock is held, and what is remembered is whole at any time.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;

    #[test]
    fn candidate_passes_once_per_pair() {
        let router = RtcRouter::new();
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert!(router.dedup_candidate(a, b, "host"));
        assert!(!router.dedup_candidate(a, b, "host"));
        assert!(router.dedup_candidate(b, a, "host"), "the other direction");
        assert!(router.dedup_candidate(a, b, "relay"), "another candidate");
    }

    #[test]
    fn keeps_new_candidates_in_order() {
        let router = RtcRouter::new();
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert!(router.dedup_candidate(a, b, "two"));
        let batch = ["three", "two", "one", "three"].map(String::from);
        let left = router.dedup_batch(a, b, batch.into());
        assert_eq!(left, vec!["three", "one"]);
        assert!(!router.dedup_candidate(a, b, "one"));
    }
}
