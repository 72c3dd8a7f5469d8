//! Requests for the application's token: before an attempt, and while the connection goes on.

use alloc::format;
use alloc::string::String;

use super::{Connection, Phase};
use crate::close::{CloseReason, RetryAdvice};
use crate::hidden::Hidden;
use crate::limits::{RENEWAL_RETRY, TOKEN_BYTES};
use crate::session::client::link::Link;
use crate::session::client::timer::Timer;
use crate::session::client::{Cause, Output, TokenError};
use crate::session::op::ClientOp;
use crate::time::Moment;

impl Connection {
    /// Takes the application's answer to [`Output::TokenWanted`].
    pub(in crate::session::client) fn token_answered(
        &mut self,
        now: Moment,
        request: u32,
        token: Result<Hidden<String>, TokenError>,
        link: &mut Link,
    ) {
        if !self.credential.is_answered(request) {
            return;
        }
        match self.phase {
            Phase::AwaitingToken => self.begin_with(now, token, link),
            Phase::Ready => self.renewed(now, token, link),
            Phase::Idle
            | Phase::Waiting
            | Phase::Connecting
            | Phase::Authenticating
            | Phase::Closed => {}
        }
    }

    fn begin_with(
        &mut self,
        now: Moment,
        token: Result<Hidden<String>, TokenError>,
        link: &mut Link,
    ) {
        link.timers.stop(Timer::Token);
        match token {
            Ok(token) => {
                if self.credential.given(token) {
                    return self.open_socket(now, link);
                }
                let message = format!("the token has more than {TOKEN_BYTES} bytes");
                self.refuse(now, message, link);
            }
            Err(TokenError::Retry { message }) => self.no_token(now, message, link),
            Err(TokenError::Denied { message }) => self.refuse(now, message, link),
        }
    }

    /// Asks the application for a token while the connection goes on, at the server's request.
    pub(in crate::session::client) fn renew(&mut self, now: Moment, link: &mut Link) {
        if let Some(request) = self.credential.request(now) {
            link.outputs.push(Output::TokenWanted { request });
        }
    }

    /// Sends the server a renewed token. If the application has none for now, it is asked again soon. If it has none until
    /// the grant ends, the server ends the connection, and the next attempt asks.
    fn renewed(&mut self, now: Moment, token: Result<Hidden<String>, TokenError>, link: &mut Link) {
        link.timers.stop(Timer::Token);
        match token {
            Ok(token) => {
                if self.credential.given(token.clone()) {
                    link.send(&ClientOp::Token(token));
                }
            }
            Err(TokenError::Retry { .. }) => link.timers.set(Timer::Token, now + RENEWAL_RETRY),
            Err(TokenError::Denied { .. }) => {}
        }
    }

    /// Sets the application's token. While the connection is open, the server is sent it at once; an attempt that is under
    /// way sends it when the server has accepted the one before.
    pub(in crate::session::client) fn set_token(&mut self, token: Option<String>, link: &mut Link) {
        self.credential.set(token);
        if self.is_ready() {
            self.show_token(link);
        }
    }

    /// Sends a token that was set after `auth`.
    pub(in crate::session::client) fn show_token(&mut self, link: &mut Link) {
        if let Some(token) = self.credential.take_unshown() {
            link.send(&ClientOp::Token(token));
        }
    }

    /// Handles a request for a token that was not answered in time, or requests again one that the application did not have.
    pub(in crate::session::client) fn token_overdue(&mut self, now: Moment, link: &mut Link) {
        match self.phase {
            Phase::AwaitingToken => {
                let message = String::from("the application gave no token in time");
                self.no_token(now, message, link);
            }
            Phase::Ready => self.renew(now, link),
            Phase::Idle
            | Phase::Waiting
            | Phase::Connecting
            | Phase::Authenticating
            | Phase::Closed => {}
        }
    }

    fn no_token(&mut self, now: Moment, message: String, link: &mut Link) {
        let cause = Cause {
            code: None,
            message,
        };
        self.come_back(now, cause, RetryAdvice::Now, None, link);
    }

    fn refuse(&mut self, now: Moment, message: String, link: &mut Link) {
        self.cause = Cause {
            code: Some(CloseReason::Unauthorized.code()),
            message,
        };
        self.enter(now, Phase::Closed, link);
    }
}
