//! Timers of a client session: each kind of deadline, and when it is due.

use crate::time::{Moment, sooner};

/// Purpose of a deadline.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Timer {
    /// The next attempt begins.
    Retry,
    /// The application has not answered the request for a token in time.
    Token,
    /// The attempt has taken too long.
    Handshake,
    /// Nothing was received for the heartbeat time: a `ping` is sent.
    Silence,
    /// Nothing was received after the `ping`, or the server has not closed after its goodbye.
    Probe,
    /// Handled entries are acknowledged.
    Ack,
    /// Messages are sent again after a pause that the server has asked for.
    Uplink,
    /// A POST without an answer is sent again.
    Post,
    /// The first transport is tried again.
    BetterTransport,
}

const ALL: [Timer; 9] = [
    Timer::Retry,
    Timer::Token,
    Timer::Handshake,
    Timer::Silence,
    Timer::Probe,
    Timer::Ack,
    Timer::Uplink,
    Timer::Post,
    Timer::BetterTransport,
];

/// The deadlines that are set.
#[derive(Default, Debug)]
pub(super) struct Timers([Option<Moment>; ALL.len()]);

impl Timers {
    pub(super) const fn set(&mut self, timer: Timer, at: Moment) {
        self.0[timer as usize] = Some(at);
    }

    pub(super) const fn stop(&mut self, timer: Timer) {
        self.0[timer as usize] = None;
    }

    /// Stops the timers of the connection.
    pub(super) fn stop_connection(&mut self) {
        let outlives = |timer: &Timer| matches!(timer, Timer::Retry | Timer::Token);
        let of_connection = ALL.into_iter().filter(|timer| !outlives(timer));
        of_connection.for_each(|timer| self.stop(timer));
    }

    pub(super) const fn get(&self, timer: Timer) -> Option<Moment> {
        self.0[timer as usize]
    }

    pub(super) fn next(&self) -> Option<Moment> {
        self.0.into_iter().fold(None, sooner)
    }

    /// Takes one deadline that is due, if there is one.
    pub(super) fn expired(&mut self, now: Moment) -> Option<Timer> {
        let due = |timer: &Timer| self.get(*timer).is_some_and(|at| at <= now);
        let timer = ALL.into_iter().find(due)?;
        self.stop(timer);
        Some(timer)
    }
}
