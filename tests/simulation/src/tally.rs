//! Coverage of runs: counts of the operations and outcomes that occurred, so that untested promises are found.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use push_wire_shared::position::{Outcome, ResetReason};
use push_wire_shared::session::client::Event;

/// Counts of events, in one run or in many.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    counts: BTreeMap<&'static str, u64>,
    /// Connections that the server closed, by close code.
    closes: BTreeMap<u16, u64>,
}

/// Events that every large number of runs must have reached.
const EXPECTED: [&str; 46] = [
    "entries live",
    "entries replayed",
    "entries as deltas",
    "entries compressed",
    "fragments",
    "large entries cut off",
    "dictionaries fetched",
    "began",
    "resumed with nothing to catch up",
    "resumed and caught up",
    "entries skipped",
    "reset: expired",
    "reset: epoch_changed",
    "reset: cursor reused",
    "messages confirmed",
    "sessions resumed",
    "refused by a limit",
    "raw client: unknown ids",
    "raw client: begun and ended in one message",
    "raw client: an id reused",
    "raw client: uploads",
    "raw client: uploads up to the limit",
    "raw client: floods until the server stops it",
    "raw client: reads nothing",
    "raw client: entries",
    "lanes saturated over a WebSocket",
    "lanes saturated over an event stream",
    "came back after too many frames",
    "came back after too many bytes",
    "came back after too many messages",
    "came back after too many messages of an identity",
    "slowed down after an error",
    "subscriptions paused",
    "closed without a token",
    "tokens expired",
    "tokens renewed in place",
    "event streams",
    "posts late",
    "posts lost",
    "answers to posts lost",
    "posts repeated",
    "revoked: token",
    "revoked: identity",
    "revoked: client",
    "closed after a revocation",
    "sessions ended by another login",
];

/// Close codes that every large number of runs must have reached: heartbeat lost, stalled, grant expired, draining, overloaded, rate
/// limited, handshake time-out, unauthorized, replaced.
const EXPECTED_CLOSES: [u16; 9] = [4000, 4001, 4005, 4100, 4101, 4102, 4103, 4200, 4201];

impl Tally {
    /// Counts an event of a page. `began` is true if the stream's reader had no position before, so that it resumes nothing.
    pub fn event(&mut self, event: &Event, began: bool) {
        let what = match event {
            Event::Entry(entry) if entry.replayed => "entries replayed",
            Event::Entry(_) => "entries live",
            Event::Outcome { outcome, .. } => match outcome {
                Outcome::Resumed { .. } if began => "began",
                Outcome::Resumed { caught_up: 0 } => "resumed with nothing to catch up",
                Outcome::Resumed { .. } => "resumed and caught up",
                Outcome::Reset(ResetReason::Expired) => "reset: expired",
                Outcome::Reset(ResetReason::EpochChanged) => "reset: epoch_changed",
                Outcome::Reset(_) => "reset: others",
            },
            Event::Skipped { .. } => "entries skipped",
            Event::Sent { .. } => "messages confirmed",
            Event::Ready { resumed: true, .. } => "sessions resumed",
            Event::Ready { resumed: false, .. } => "sessions begun",
            Event::Status(_)
            | Event::Ended { .. }
            | Event::Numbered { .. }
            | Event::Refused { .. }
            | Event::Notice(_)
            | Event::Error { .. } => return,
        };
        self.add(what, 1);
    }

    /// Adds to one count.
    pub fn add(&mut self, what: &'static str, times: u64) {
        if times > 0 {
            *self.counts.entry(what).or_default() += times;
        }
    }

    /// One count.
    #[must_use]
    pub fn count(&self, what: &str) -> u64 {
        self.counts.get(what).copied().unwrap_or_default()
    }

    /// Counts the connections that a server process closed.
    pub fn closed(&mut self, closes: &BTreeMap<u16, u64>) {
        for (code, times) in closes {
            *self.closes.entry(*code).or_default() += times;
        }
    }

    /// Returns the expected events and close codes that did not occur.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let counts = EXPECTED
            .iter()
            .filter(|what| !self.counts.contains_key(*what))
            .map(ToString::to_string);
        let closes = EXPECTED_CLOSES
            .iter()
            .filter(|code| !self.closes.contains_key(code))
            .map(|code| format!("close code {code}"));
        counts.chain(closes).collect()
    }
}

impl AddAssign<&Self> for Tally {
    fn add_assign(&mut self, other: &Self) {
        for (what, times) in &other.counts {
            self.add(what, *times);
        }
        self.closed(&other.closes);
    }
}
