//! The machine of one page: its network, its sleep, and the answers to its requests for dictionaries and tokens.

use std::collections::VecDeque;

use push_wire_shared::session::client::TokenError;
use push_wire_shared::time::Moment;

use super::check::PromiseError;
use super::link::NetworkConditions;
use super::model::Model;
use super::node::Token;
use super::operation::TokenFailure;
use super::page::Page;

/// Throughput that carries a handshake and the entries behind it in a fraction of the time that a handshake may take, in
/// bytes per second.
const HANDSHAKE_THROUGHPUT: u32 = 20_000;

/// A page, and the state of the machine that it runs on.
#[derive(Debug)]
pub struct PageHost {
    /// The page.
    pub page: Page,
    /// NetworkConditions of its network.
    pub conditions: NetworkConditions,
    /// End of its sleep. Until then it receives nothing and no timer fires.
    pub asleep_until: Moment,
    /// Time until which its attempts to connect fail.
    pub offline_until: Moment,
    /// Time until which its network lets no WebSocket through.
    pub blocked_until: Moment,
    /// True if attempts while offline get no answer instead of an error.
    pub silent: bool,
    /// Number of the server process that the page last received from.
    pub last_process: u32,
    /// Dictionaries in transit: time of arrival, hash, bytes.
    fetches: VecDeque<(Moment, [u8; 32], Vec<u8>)>,
    /// The user who has logged in last, counted from 0.
    user: u32,
    /// Answers of the token function in transit: time of arrival, request, token.
    tokens: VecDeque<(Moment, u32, Result<String, TokenError>)>,
    /// Failure of its token function, and the end of the failure.
    failure: Option<(TokenFailure, Moment)>,
}

impl PageHost {
    /// A page that is awake and online.
    #[must_use]
    pub fn new(now: Moment, page: Page, conditions: NetworkConditions) -> Self {
        Self {
            page,
            conditions,
            asleep_until: now,
            offline_until: now,
            blocked_until: now,
            silent: false,
            last_process: 0,
            fetches: VecDeque::new(),
            user: 0,
            tokens: VecDeque::new(),
            failure: None,
        }
    }

    /// Returns whether it is awake, and its network carries a handshake in a fraction of the time that it may take.
    #[must_use]
    pub fn works(&self, now: Moment) -> bool {
        now >= self.asleep_until && self.conditions.bytes_per_second >= HANDSHAKE_THROUGHPUT
    }

    /// Requests a dictionary over HTTP: `answer` arrives after one round trip, or never while the page is offline.
    pub fn fetch(&mut self, now: Moment, sha256: [u8; 32], answer: Option<Vec<u8>>) {
        if let Some(bytes) = answer.filter(|_| now >= self.offline_until) {
            let at = now + self.conditions.latency * 2;
            self.fetches.push_back((at, sha256, bytes));
        }
    }

    /// Time at which the next dictionary arrives.
    #[must_use]
    pub fn fetched_at(&self) -> Option<Moment> {
        self.fetches.front().map(|(at, ..)| *at)
    }

    /// Hands the next dictionary to the page.
    pub fn fetched(&mut self, now: Moment) {
        if let Some((_, sha256, bytes)) = self.fetches.pop_front() {
            self.page.fetched(now, sha256, bytes);
        }
    }

    /// Requests a token of the application. The answer arrives after one round trip: a token of the user, or an error while
    /// the token function fails; no answer arrives while it hangs.
    pub fn ask_for_token(&mut self, now: Moment, request: u32) {
        let failure = self.failure.filter(|(_, until)| now < *until);
        let message = String::from("the token function fails");
        let token = match failure.map(|(failure, _)| failure) {
            None => Ok(self.token(now)),
            Some(TokenFailure::Fails) => Err(TokenError::Retry { message }),
            Some(TokenFailure::Denies) => Err(TokenError::Denied { message }),
            Some(TokenFailure::Hangs) => return,
        };
        let at = now + self.conditions.latency * 2;
        self.tokens.push_back((at, request, token));
    }

    /// Another user logs in: all tokens from now on are this user's. Answers to earlier requests are dropped.
    pub fn login(&mut self) {
        self.user += 1;
        self.tokens.clear();
    }

    fn token(&self, now: Moment) -> String {
        let token = Token {
            issued: now,
            user: self.user,
        };
        token.to_string()
    }

    /// Makes its token function fail until this time.
    pub fn fail_tokens(&mut self, failure: TokenFailure, until: Moment) {
        self.failure = Some((failure, until));
    }

    /// Time at which the next token arrives.
    #[must_use]
    pub fn token_at(&self) -> Option<Moment> {
        self.tokens.front().map(|(at, ..)| *at)
    }

    /// Hands the next answer of the token function to the page.
    pub fn token_given(&mut self, now: Moment) {
        if let Some((_, request, token)) = self.tokens.pop_front() {
            self.page.token(now, request, token);
        }
    }

    /// Reloads the page. Answers to its earlier requests for tokens are dropped.
    ///
    /// # Errors
    /// As [`Page::reload`].
    pub fn reload(
        &mut self,
        now: Moment,
        model: &mut Model,
        keeps_session: bool,
    ) -> Result<(), PromiseError> {
        self.tokens.clear();
        self.page.reload(now, model, keeps_session)
    }

    /// Ends sleep, hiding and all failures.
    pub fn recover(&mut self, now: Moment) {
        self.asleep_until = now;
        self.offline_until = now;
        self.blocked_until = now;
        self.failure = None;
        let token = self.token(now);
        for (_, _, given) in &mut self.tokens {
            *given = Ok(token.clone());
        }
        self.page.pause_handling(now);
        self.page.hide(now, false);
        self.page.connect(now);
    }
}
