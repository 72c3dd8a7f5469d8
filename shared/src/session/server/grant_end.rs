//! End of a client's grant, and the request for a renewed token before it (docs/protocol.md section 5.9).

use alloc::string::String;

use super::Output;
use super::outputs::Outputs;
use crate::hidden::Hidden;
use crate::limits::{GRANT_RENEWAL, GRANT_RENEWAL_MIN};
use crate::session::op::ServerOp;
use crate::time::{Moment, sooner};

/// End of a client's grant.
#[derive(Default, Debug)]
pub(super) struct GrantEnd {
    /// The client answers requests for a token.
    renews: bool,
    at: Option<Moment>,
    /// Time of the next request for a token.
    asks_at: Option<Moment>,
    /// A renewed token is being checked.
    is_checking: bool,
    /// The token to check after it; a newer one takes its place.
    next: Option<Hidden<String>>,
}

impl GrantEnd {
    /// Records whether the client answers requests for a token.
    pub(super) const fn begin(&mut self, renews: bool) {
        self.renews = renews;
    }

    /// Sets the end; a check of a token is done. Returns the token to check next.
    pub(super) fn set(&mut self, now: Moment, at: Option<Moment>) -> Option<Hidden<String>> {
        self.at = at;
        self.not_checked(now)
    }

    /// Records that the token could not be checked now: another one is asked for later. Returns the token to check next.
    pub(super) fn not_checked(&mut self, now: Moment) -> Option<Hidden<String>> {
        self.is_checking = false;
        self.ask_later(now);
        self.next.take()
    }

    /// Asks for a token [`GRANT_RENEWAL`] before the end, or when half of the time is over; not any more in the last
    /// [`GRANT_RENEWAL_MIN`].
    fn ask_later(&mut self, now: Moment) {
        let Some(at) = self.at.filter(|_| self.renews) else {
            self.asks_at = None;
            return;
        };
        let left = at.since(now);
        let wait = left.saturating_sub(GRANT_RENEWAL).max(left / 2);
        self.asks_at = (left >= GRANT_RENEWAL_MIN).then_some(now + wait);
    }

    /// Time at which something is due.
    pub(super) fn due(&self) -> Option<Moment> {
        sooner(self.asks_at, self.at)
    }

    /// Returns whether the grant has ended.
    pub(super) fn has_come(&self, now: Moment) -> bool {
        self.at.is_some_and(|at| at <= now)
    }

    /// Asks for a token if that is due.
    pub(super) fn ask(&mut self, now: Moment, outputs: &mut Outputs) {
        if self.asks_at.is_some_and(|at| at <= now) {
            self.asks_at = None;
            outputs.op(ServerOp::Renew);
        }
    }

    /// Begins to check a renewed token. While another one is being checked it waits, in place of one that waits already.
    /// Returns false if the grant does not end: the driver then keeps nothing by which a token could be checked.
    #[must_use]
    pub(super) fn take(&mut self, token: Hidden<String>, outputs: &mut Outputs) -> bool {
        if self.is_checking {
            self.next = Some(token);
            return true;
        }
        if self.at.is_none() {
            return false;
        }
        self.is_checking = true;
        self.asks_at = None;
        outputs.put(Output::Renew(token));
        true
    }
}
