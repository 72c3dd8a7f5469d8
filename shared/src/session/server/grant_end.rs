//! End of a client's grant, and the request for a renewed token before it (docs/protocol.md section 5.9).

use alloc::string::String;

use super::Output;
use super::outputs::Outputs;
use crate::limits::{GRANT_RENEWAL, GRANT_RENEWAL_MIN};
use crate::session::op::{ErrorCode, ServerOp};
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
}

impl GrantEnd {
    /// Records whether the client answers requests for a token.
    pub(super) const fn begin(&mut self, renews: bool) {
        self.renews = renews;
    }

    /// Sets the end; a check of a token is done.
    pub(super) fn set(&mut self, now: Moment, at: Option<Moment>) {
        self.at = at;
        self.is_checking = false;
        self.ask_later(now);
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

    /// Begins to check a renewed token.
    pub(super) fn take(&mut self, token: String, outputs: &mut Outputs) {
        let error = match (self.at, self.is_checking) {
            (None, _) => "the grant of this connection does not end",
            (Some(_), true) => "another token is being checked",
            (Some(_), false) => {
                self.is_checking = true;
                self.asks_at = None;
                return outputs.put(Output::Renew(token));
            }
        };
        outputs.error(ErrorCode::BadOp, error, None);
    }

    /// Records that the token could not be checked now: another one is asked for later.
    pub(super) fn not_checked(&mut self, now: Moment) {
        self.is_checking = false;
        self.ask_later(now);
    }
}
