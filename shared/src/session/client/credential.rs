//! Token of a session, and the rules for requesting a new one.

use alloc::string::String;
use core::time::Duration;

use crate::hidden::Hidden;
use crate::limits::{TOKEN_BYTES, TOKEN_FRESH};
use crate::time::Moment;

/// The application's token.
///
/// A renewable one is requested before every attempt, so that an expired token is not sent.
#[derive(Debug)]
pub(super) struct Credential {
    token: Option<Hidden<String>>,
    /// The application has set the token, and the server has not been shown it.
    is_unshown: bool,
    is_renewable: bool,
    /// Number of the latest request to the application.
    request: u32,
    /// The latest request has no answer.
    is_awaited: bool,
    /// Time of the latest request.
    asked_at: Moment,
    /// The token is the answer to the latest request. Its age counts from the request, because the answer may have
    /// waited while the machine slept.
    is_answer: bool,
    /// It was sent to the server soon after it was requested.
    shown_fresh: bool,
    /// The server has refused a token since the last connection that lasted, other than one that was shown late.
    was_refused: bool,
}

impl Credential {
    pub(super) fn new(token: Option<String>, is_renewable: bool) -> Self {
        Self {
            token: token.map(Hidden),
            is_unshown: false,
            is_renewable,
            request: 0,
            is_awaited: false,
            asked_at: Moment::after_origin(Duration::ZERO),
            is_answer: false,
            shown_fresh: false,
            was_refused: false,
        }
    }

    pub(super) fn set(&mut self, token: Option<String>) {
        self.token = token.map(Hidden);
        self.is_unshown = true;
        self.is_answer = false;
    }

    /// The token that the application has set since the server was shown one; it counts as shown from here on.
    pub(super) fn take_unshown(&mut self) -> Option<Hidden<String>> {
        core::mem::take(&mut self.is_unshown)
            .then(|| self.token.clone())
            .flatten()
    }

    /// Number of a new request to the application; `None`: the token at hand is used.
    pub(super) const fn request(&mut self, now: Moment) -> Option<u32> {
        if !self.is_renewable {
            return None;
        }
        self.asked_at = now;
        self.is_answer = false;
        self.is_awaited = true;
        self.request = self.request.wrapping_add(1);
        Some(self.request)
    }

    /// Records that a request is answered. Returns whether it is the latest one, and had no answer.
    pub(super) const fn is_answered(&mut self, request: u32) -> bool {
        let is_awaited = self.is_awaited && self.request == request;
        if is_awaited {
            self.is_awaited = false;
        }
        is_awaited
    }

    /// Stores the application's answer; returns false if it is larger than [`TOKEN_BYTES`].
    pub(super) fn given(&mut self, token: Hidden<String>) -> bool {
        if token.len() > TOKEN_BYTES {
            return false;
        }
        self.token = Some(token);
        self.is_unshown = false;
        self.is_answer = true;
        true
    }

    /// Returns the token for the handshake, and notes whether it is fresh.
    pub(super) fn show(&mut self, now: Moment) -> Option<String> {
        self.shown_fresh = self.is_answer && now.since(self.asked_at) < TOKEN_FRESH;
        self.is_unshown = false;
        self.token.clone().map(|token| token.0)
    }

    /// Records that the server has refused the token. Returns whether to try another one: one that the application has set
    /// since, or one of its function, but not after a fresh token, and not after two refusals in a row. One that was shown
    /// late may have expired, so that its refusal does not count; the time that it took limits the attempts.
    pub(super) const fn refused(&mut self, was_connected: bool) -> bool {
        if self.is_unshown && self.token.is_some() {
            return true;
        }
        let was_late = !was_connected && self.is_answer && !self.shown_fresh;
        let may_be_stale = was_connected || !self.shown_fresh;
        let may_renew = was_late || (may_be_stale && !self.was_refused);
        self.was_refused |= !was_late;
        self.is_renewable && may_renew
    }

    /// Records how long a connection lasted; from `steady` on, an earlier refusal is forgotten.
    pub(super) fn lasted(&mut self, time: Duration, steady: Duration) {
        if time >= steady {
            self.was_refused = false;
        }
    }

    /// Forgets earlier refusals, when the application connects again.
    pub(super) const fn start_over(&mut self) {
        self.was_refused = false;
    }
}
