//! [`Pairing`]: which two sessions exchange messages.

use core::time::Duration;

use super::hello::Hello;
use super::pair::Pair;
use crate::time::Moment;

/// Largest number of a session, exclusive: JavaScript's numbers are exact below it.
const SESSIONS: u64 = 1 << 53;

/// The session of this client, and that of the other one.
///
/// Each session has a random number, and introduces itself by a [`Hello`]. A session that has exchanged something with
/// another one takes a new number before it exchanges anything with a third, so that a pair of numbers never names two
/// exchanges: what belongs to an earlier one is recognised at any time.
#[derive(Debug)]
pub(super) struct Pairing {
    numbers: fastrand::Rng,
    pair: Pair,
    /// The other session has named this one.
    is_confirmed: bool,
    /// Time without an answer before a hello is repeated. It doubles with each repetition, up to eight times.
    resend: Duration,
    /// Hellos that asked since the last one that came.
    asks: u32,
    /// Time before which no hello is sent, unless it answers one.
    ask_at: Moment,
}

impl Pairing {
    pub(super) fn new(mut numbers: fastrand::Rng, resend: Duration) -> Self {
        let session = numbers.u64(1..SESSIONS);
        Self {
            numbers,
            pair: Pair { session, peer: 0 },
            is_confirmed: false,
            resend,
            asks: 0,
            ask_at: Moment::default(),
        }
    }

    pub(super) const fn pair(&self) -> Pair {
        self.pair
    }

    /// Returns whether each of the two sessions knows the other one, as far as this end can tell.
    pub(super) const fn is_confirmed(&self) -> bool {
        self.is_confirmed
    }

    /// Takes the sessions that a packet or a signal of the other client names. Returns whether they are these two.
    pub(super) fn matches(&mut self, named: Pair) -> bool {
        let matches = self.pair.peer != 0 && named == self.pair.reversed();
        self.is_confirmed |= matches;
        matches
    }

    /// Takes a hello. Returns the number of the session that the other client had before, 0 if none, if it has a new one.
    pub(super) fn receive(&mut self, hello: Hello) -> Option<u64> {
        self.asks = 0;
        let former = self.pair.peer;
        let is_new = former != hello.pair.session;
        if is_new {
            if self.is_confirmed {
                self.pair.session = self.numbers.u64(1..SESSIONS);
            }
            self.pair.peer = hello.pair.session;
            self.is_confirmed = false;
        }
        self.is_confirmed |= hello.pair.peer == self.pair.session;
        is_new.then_some(former)
    }

    /// Returns whether a hello is to be sent now. It counts as sent.
    pub(super) fn ask(&mut self, now: Moment) -> bool {
        let is_due = now >= self.ask_at;
        if is_due {
            self.asked(now);
        }
        is_due
    }

    /// Records that a hello which asks is sent.
    pub(super) fn asked(&mut self, now: Moment) {
        self.ask_at = now + self.resend.saturating_mul(1 << self.asks.min(3));
        self.asks = self.asks.saturating_add(1);
    }

    /// Time from which on [`ask`](Self::ask) returns `true`.
    pub(super) const fn ask_at(&self) -> Moment {
        self.ask_at
    }

    /// This session's hello.
    pub(super) const fn hello(&self, attempt: u64, asks: bool) -> Hello {
        Hello {
            pair: self.pair,
            attempt,
            asks,
        }
    }
}
