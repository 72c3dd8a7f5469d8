//! Life of the page: hidden, offline, left and shown again.

use alloc::string::String;
use core::time::Duration;

use super::{Connection, Phase};
use crate::session::client::Cause;
use crate::session::client::link::Link;
use crate::session::client::timer::Timer;
use crate::time::Moment;

/// Attempts to connect that are made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::session::client) enum Attempts {
    /// As the retry policy has them.
    Usual,
    /// Rare ones, which are expected to fail: at the longest delay of the policy, and no evidence against the transport.
    Rare,
    /// None until `wake`.
    None,
}

impl Connection {
    pub(in crate::session::client) fn suspend(
        &mut self,
        now: Moment,
        attempts: Attempts,
        link: &mut Link,
    ) {
        self.attempts = attempts;
        link.timers.stop(Timer::Retry);
        if self.phase == Phase::Waiting {
            self.plan_attempt(now, link);
        }
        self.report(link);
    }

    pub(super) fn is_suspended(&self) -> bool {
        self.attempts != Attempts::Usual
    }

    /// Sets the timer of the next attempt, if there is to be one.
    pub(super) fn plan_attempt(&self, now: Moment, link: &mut Link) {
        let at = match self.attempts {
            Attempts::Usual => self.retry_at,
            Attempts::Rare => self.retry_at.max(now + self.retry.longest_delay()),
            Attempts::None => return,
        };
        link.timers.set(Timer::Retry, at);
    }

    /// Waits for `wake` after a connection that the page has dropped: its end is no failure.
    pub(in crate::session::client) fn pause(&mut self, now: Moment, link: &mut Link) {
        self.cause = Cause {
            code: None,
            message: String::from("the page was left"),
        };
        self.wait(now, Duration::ZERO, false, link);
    }

    /// Returns whether an attempt has taken so long that a new one is likely to be faster: one made in a sleeping page
    /// or without network may hang.
    pub(in crate::session::client) fn hangs(&self, now: Moment) -> bool {
        let is_attempt = matches!(self.phase, Phase::Connecting | Phase::Authenticating);
        is_attempt && now.since(self.since) >= self.timing.steady
    }

    /// Replaces an attempt that hangs. The caller has dropped its socket.
    pub(in crate::session::client) fn try_again(&mut self, now: Moment, link: &mut Link) {
        self.begin_attempt(now, link);
    }

    pub(in crate::session::client) fn wake(&mut self, now: Moment, link: &mut Link) {
        self.attempts = Attempts::Usual;
        match self.phase {
            Phase::Idle
            | Phase::Closed
            | Phase::AwaitingToken
            | Phase::Connecting
            | Phase::Authenticating => {}
            Phase::Ready => {
                self.probe(now, link);
                self.plan_first_transport(link);
            }
            Phase::Waiting if self.is_imposed && now < self.retry_at => {
                link.timers.set(Timer::Retry, self.retry_at);
                self.report(link);
            }
            Phase::Waiting => self.begin_attempt(now, link),
        }
    }
}
