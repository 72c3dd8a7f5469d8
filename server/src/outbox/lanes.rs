//! Order of readers: lanes share a connection by weight, readers of one lane in turn.

use std::collections::VecDeque;

/// Bytes that each lane may send in one round: high, normal, low (64, 16 and 4 KiB). While all three have something to
/// send, low gets one byte in 21.
const SHARES: [i64; 3] = [64 * 1024, 16 * 1024, 4 * 1024];

/// The queued readers of one connection, by lane.
#[derive(Default, Debug)]
pub(super) struct Lanes {
    queues: [VecDeque<u32>; 3],
    credit: [i64; 3],
}

impl Lanes {
    pub(super) fn push(&mut self, lane: usize, slot: u32) {
        self.queues[lane.min(2)].push_back(slot);
    }

    /// Puts a reader back at the front of its lane.
    pub(super) fn push_front(&mut self, lane: usize, slot: u32) {
        self.queues[lane.min(2)].push_front(slot);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queues.iter().all(VecDeque::is_empty)
    }

    /// The next reader, from the highest lane that has one and has not used up its bytes of this round.
    pub(super) fn pop(&mut self) -> Option<u32> {
        if self.is_empty() {
            return None;
        }
        loop {
            for (queue, credit) in self.queues.iter_mut().zip(&self.credit) {
                if *credit > 0
                    && let Some(slot) = queue.pop_front()
                {
                    return Some(slot);
                }
            }
            for (credit, share) in self.credit.iter_mut().zip(SHARES) {
                // An idle lane keeps one share at most; bytes above a share count towards the next round.
                *credit = (*credit + share).min(share);
            }
        }
    }

    /// Counts what a lane has sent.
    pub(super) fn charge(&mut self, lane: usize, bytes: usize) {
        self.credit[lane.min(2)] -= i64::try_from(bytes.max(1)).unwrap_or(i64::MAX);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_lane_goes_in_turn() {
        let mut lanes = Lanes::default();
        (0..3).for_each(|slot| lanes.push(1, slot));
        assert_eq!(
            [lanes.pop(), lanes.pop(), lanes.pop(), lanes.pop()],
            [Some(0), Some(1), Some(2), None]
        );
    }

    #[test]
    fn high_precedes_low_without_starvation() {
        let mut lanes = Lanes::default();
        let mut sent = [0usize; 3];
        (0..3).for_each(|lane| lanes.push(usize::try_from(lane).unwrap(), lane));
        for turn in 0..21 * 1_000 {
            let slot = lanes.pop().unwrap();
            let lane = usize::try_from(slot).unwrap();
            if turn == 0 {
                assert_eq!(lane, 0);
            }
            lanes.charge(lane, 1_024);
            sent[lane] += 1;
            lanes.push(lane, slot);
        }
        assert_eq!(sent, [16_000, 4_000, 1_000]);
    }

    proptest! {
        /// Shares are within a tenth of the weights, whatever the sizes of entries, once many of the largest were sent.
        #[test]
        fn shares_follow_the_weights(sizes in [1..16_384usize, 1..16_384usize, 1..16_384usize]) {
            let mut lanes = Lanes::default();
            (0..3).for_each(|lane| lanes.push(usize::try_from(lane).unwrap(), lane));
            let mut sent = [0usize; 3];
            while sent.iter().sum::<usize>() < 8 << 20 {
                let slot = lanes.pop().unwrap();
                let lane = usize::try_from(slot).unwrap();
                lanes.charge(lane, sizes[lane]);
                sent[lane] += sizes[lane];
                lanes.push(lane, slot);
            }
            let all: usize = sent.iter().sum();
            for (sent, share) in sent.into_iter().zip([16, 4, 1]) {
                let expected = all * share / 21;
                prop_assert!(sent.abs_diff(expected) * 10 <= expected, "{sent} of {all}");
            }
        }
    }
}
