//! A page in the world: how the network and its application treat it.

use std::collections::VecDeque;

use push_wire_shared::session::client::TokenError;
use push_wire_shared::time::Moment;

use super::check::PromiseError;
use super::link::Pace;
use super::model::Model;
use super::page::Page;
use super::schedule::TokenTrouble;

/// A page, and how the network treats it.
#[derive(Debug)]
pub struct Seat {
    /// The page.
    pub page: Page,
    /// Pace of its network.
    pub pace: Pace,
    /// Until when nothing reaches it.
    pub asleep_until: Moment,
    /// Until when its attempts to connect fail.
    pub offline_until: Moment,
    /// While offline, attempts go unanswered instead of being refused.
    pub silent: bool,
    /// The server process from which the page received something last.
    pub last_run: u32,
    /// Dictionaries on their way to the page, and when they arrive.
    fetches: VecDeque<(Moment, [u8; 32], Vec<u8>)>,
    /// Tokens on their way to the page, and when they arrive.
    tokens: VecDeque<(Moment, u32, Result<String, TokenError>)>,
    /// Failure of its token function, and until when.
    trouble: Option<(TokenTrouble, Moment)>,
}

impl Seat {
    /// A page that is awake and online.
    #[must_use]
    pub fn new(now: Moment, page: Page, pace: Pace) -> Self {
        Self {
            page,
            pace,
            asleep_until: now,
            offline_until: now,
            silent: false,
            last_run: 0,
            fetches: VecDeque::new(),
            tokens: VecDeque::new(),
            trouble: None,
        }
    }

    /// Asks for a dictionary over HTTP: `answer` comes after one round trip, or never.
    pub fn fetch(&mut self, now: Moment, sha256: [u8; 32], answer: Option<Vec<u8>>) {
        if let Some(bytes) = answer.filter(|_| now >= self.offline_until) {
            let at = now + self.pace.latency * 2;
            self.fetches.push_back((at, sha256, bytes));
        }
    }

    /// Time at which the next dictionary arrives.
    #[must_use]
    pub fn fetched_at(&self) -> Option<Moment> {
        self.fetches.front().map(|(at, ..)| *at)
    }

    /// A dictionary arrives.
    pub fn fetched(&mut self, now: Moment) {
        if let Some((_, sha256, bytes)) = self.fetches.pop_front() {
            self.page.fetched(now, sha256, bytes);
        }
    }

    /// Asks the application for a token: its answer, `token` unless its function fails, comes after one round trip, or
    /// never.
    pub fn ask_for_token(&mut self, now: Moment, request: u32, token: String) {
        let trouble = self.trouble.filter(|(_, until)| now < *until);
        let message = String::from("bad times");
        let token = match trouble.map(|(trouble, _)| trouble) {
            None => Ok(token),
            Some(TokenTrouble::Fails) => Err(TokenError::Retry { message }),
            Some(TokenTrouble::Denies) => Err(TokenError::Denied { message }),
            Some(TokenTrouble::Hangs) => return,
        };
        let at = now + self.pace.latency * 2;
        self.tokens.push_back((at, request, token));
    }

    /// Its token function fails for a while.
    pub fn lose_tokens(&mut self, trouble: TokenTrouble, until: Moment) {
        self.trouble = Some((trouble, until));
    }

    /// Time at which the next token arrives.
    #[must_use]
    pub fn token_at(&self) -> Option<Moment> {
        self.tokens.front().map(|(at, ..)| *at)
    }

    /// A token arrives.
    pub fn token_given(&mut self, now: Moment) {
        if let Some((_, request, token)) = self.tokens.pop_front() {
            self.page.token(now, request, token);
        }
    }

    /// The page is loaded anew: what was asked for by the page as it was reaches nobody.
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

    /// Everything is well from now on; `token` is one that the server takes.
    pub fn heal(&mut self, now: Moment, token: &str) {
        self.asleep_until = now;
        self.offline_until = now;
        self.trouble = None;
        for (_, _, given) in &mut self.tokens {
            *given = Ok(token.to_owned());
        }
        self.page.linger(now);
        self.page.hide(now, false);
        self.page.connect(now);
    }
}
