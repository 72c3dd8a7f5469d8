//! Watch of the lanes of one connection, write by write: an urgent entry waits for one write of a lower lane at most, and
//! lanes that all have entries waiting share the bytes by weight.

use push_wire_shared::session::op::ServerOp;
use push_wire_shared::session::wire::Records;

use super::check::{Promise, PromiseError};
use super::feed::{SYSTEM, lane};
use super::hub_config::WRITE_BYTES;

/// Bytes of each lane in one round: high, normal, low (docs/limits.md).
const SHARES: [usize; 3] = [64 * 1024, 16 * 1024, 4 * 1024];

/// Bytes by which a lane may exceed its share of a round: its last write, with the headers of the records.
const EXCESS: usize = WRITE_BYTES + 1_000;

/// Bytes after which saturated lanes count as tested: two rounds, in which no lane can be left out.
const TESTED: usize = 2 * (SHARES[0] + SHARES[1] + SHARES[2]);

/// Writes of lower lanes that an urgent entry may wait for.
const WRITES: u32 = 1;

/// The entries of one write.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Write {
    /// Lane of the first one, if there are any.
    first: Option<usize>,
    /// Bytes of each lane.
    bytes: [usize; 3],
    /// A reset is among the messages.
    has_reset: bool,
}

impl Write {
    /// Adds the entries of a message.
    pub fn add(&mut self, message: &[u8]) {
        for (header, payload) in Records::new(message).flatten() {
            if header.channel == SYSTEM {
                let op = ServerOp::decode(payload);
                self.has_reset |= matches!(op, Ok(ServerOp::Reset { .. }));
                continue;
            }
            let lane = lane(header.channel);
            self.first.get_or_insert(lane);
            self.bytes[lane] += payload.len();
        }
    }

    /// Returns whether a reset is among the messages.
    #[must_use]
    pub const fn has_reset(&self) -> bool {
        self.has_reset
    }

    /// Returns whether there are no entries.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.first.is_none()
    }
}

/// Watch of the lanes of one connection.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LaneWatch {
    turns: [Turn; 2],
    /// Bytes of each lane since all three have had entries waiting.
    saturated: Option<[usize; 3]>,
    is_tested: bool,
}

/// Observed state of a lane that has lower ones.
///
/// Each lane may send its share in a round, and a round ends when no lane with entries has bytes of its share left. So
/// lower lanes send at most their shares in a round, and a lane that has sent less than its own share while they have
/// sent so much may send at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Turn {
    /// Bytes that it has sent while lower lanes sent a round's bytes, and since then.
    sent: [usize; 2],
    /// Bytes of lower lanes since then.
    lower: usize,
    /// Writes of lower lanes that an entry of this one has waited for.
    waited: u32,
}

impl Turn {
    /// Records a write. Returns whether an entry has waited for too many.
    fn wrote(&mut self, lane: usize, write: &Write, is_waiting: bool) -> bool {
        let is_passed = write.first.is_some_and(|first| first > lane) && write.bytes[lane] == 0;
        self.sent[1] += write.bytes[lane];
        let is_within = self.sent[0] + self.sent[1] + EXCESS < SHARES[lane];
        self.waited = match is_waiting && is_passed && is_within {
            true => self.waited + 1,
            false => 0,
        };
        self.lower += write.bytes[lane + 1..].iter().sum::<usize>();
        let round: usize = SHARES[lane + 1..].iter().map(|share| share + EXCESS).sum();
        if self.lower > round {
            self.sent = [self.sent[1], 0];
            self.lower = 0;
        }
        self.waited > WRITES
    }
}

impl LaneWatch {
    /// Records a write, after which entries of some lanes are still waiting; `None` if it is not known of which.
    ///
    /// # Errors
    /// Fails if an urgent entry has waited for too many writes, or a lane has too much or too little of the bytes.
    pub fn wrote(&mut self, write: &Write, waiting: Option<[bool; 3]>) -> Result<(), PromiseError> {
        let waiting = waiting.unwrap_or([false; 3]);
        for (lane, turn) in self.turns.iter_mut().enumerate() {
            if turn.wrote(lane, write, waiting[lane]) {
                let what = format!("an entry of lane {lane} waits, {turn:?}, and then {write:?}");
                return Err(Promise::Lanes.broken(what));
            }
        }
        self.saturated = match self.saturated {
            _ if waiting != [true; 3] => None,
            None => Some([0; 3]),
            Some(sent) => Some([0, 1, 2].map(|lane| sent[lane] + write.bytes[lane])),
        };
        let Some(sent) = self.saturated else {
            return Ok(());
        };
        let (all, new): (usize, usize) = (sent.iter().sum(), write.bytes.iter().sum());
        self.is_tested |= all >= TESTED && all - new < TESTED;
        if is_shared(sent) {
            return Ok(());
        }
        Err(Promise::Lanes.broken(format!("saturated lanes have sent {sent:?} bytes")))
    }

    /// Counts the bytes of saturated lanes anew.
    pub const fn restart(&mut self) {
        self.saturated = None;
    }

    /// Returns whether saturated lanes have sent enough for a test of their shares since the last call.
    pub const fn take_tested(&mut self) -> bool {
        std::mem::replace(&mut self.is_tested, false)
    }
}

/// Returns whether some number of rounds explains the bytes of all lanes. In the first and the last round a lane may send
/// nothing or its share.
fn is_shared(sent: [usize; 3]) -> bool {
    let lanes = || sent.into_iter().zip(SHARES);
    let least = lanes().map(|(sent, share)| sent.saturating_sub(EXCESS + share).div_ceil(share));
    let most = lanes().map(|(sent, share)| (sent + EXCESS + share) / share);
    least.max() <= most.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(lane: usize, bytes: usize) -> Write {
        let mut write = Write {
            first: Some(lane),
            ..Write::default()
        };
        write.bytes[lane] = bytes;
        write
    }

    /// Result of writes of 2,000 bytes by these lanes in turn, up to `rounds` rounds, while entries of all are waiting.
    fn saturated(order: &[usize], rounds: usize) -> bool {
        let mut watch = LaneWatch::default();
        let writes = rounds * TESTED / 2 / 2_000;
        let mut results = order.iter().cycle().take(writes).map(|lane| {
            // Urgent entries are tested apart: here each lane waits for the others.
            watch.turns = Default::default();
            watch.wrote(&write(*lane, 2_000), Some([true; 3]))
        });
        results.all(|result| result.is_ok())
    }

    #[test]
    fn shares_by_weight_are_accepted() {
        let mut order = vec![0; 16];
        order.extend([1; 4]);
        order.push(2);
        assert!(saturated(&order, 20));
    }

    #[test]
    fn other_shares_are_found() {
        assert!(!saturated(&[0, 1, 2], 2));
        assert!(!saturated(&[0], 2));
        assert!(!saturated(&[0, 0, 0, 0, 1], 2));
        assert!(!saturated(&[0, 0, 0, 0, 2], 2));
        assert!(!saturated(&[0, 0, 0, 0, 1, 1, 1, 1, 2], 3));
    }

    #[test]
    fn urgent_entry_waits_for_one_write() {
        let mut watch = LaneWatch::default();
        let low = write(2, 3_000);
        for _ in 0..10 {
            assert_eq!(watch.wrote(&low, Some([false, false, true])), Ok(()));
            assert_eq!(watch.wrote(&low, Some([true, false, true])), Ok(()));
            let high = write(0, 500);
            assert_eq!(watch.wrote(&high, Some([false, false, true])), Ok(()));
        }
        assert_eq!(watch.wrote(&low, Some([true, false, true])), Ok(()));
        let error = watch
            .wrote(&low, Some([true, false, true]))
            .map_err(|error| error.promise);
        assert_eq!(error, Err(Promise::Lanes));
    }

    #[test]
    fn lane_beyond_its_share_waits_for_the_others() {
        let mut watch = LaneWatch::default();
        for _ in 0..22 {
            assert_eq!(watch.wrote(&write(0, 3_000), Some([true; 3])), Ok(()));
        }
        for _ in 0..6 {
            assert_eq!(watch.wrote(&write(1, 3_000), Some([true; 3])), Ok(()));
        }
        for _ in 0..2 {
            assert_eq!(watch.wrote(&write(2, 3_000), Some([true; 3])), Ok(()));
        }
        assert_eq!(watch.wrote(&write(0, 3_000), Some([true; 3])), Ok(()));
    }
}
