//! Tokens of clients: a token is the time at which it was issued, and the user of the page. It is valid for two minutes.

use std::fmt;
use std::time::Duration;

use push_wire_server::internals::peer::{Accepted, AuthFailure, AuthRequest};
use push_wire_shared::time::Moment;
use uuid::Uuid;

use super::{Node, revocations};
use crate::check::{Promise, PromiseError};
use crate::model::Model;

/// Validity of a token (120 s): longer than a client's age limit for a token and the longest stall together.
const TOKEN_LIFE: Duration = Duration::from_secs(120);

/// A token. Its text is the one that a page shows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Token {
    /// Time at which it was issued.
    pub issued: Moment,
    /// Number of the page's user: each login is another one's.
    pub user: u32,
}

impl Token {
    /// The token that a page shows.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (nanos, user) = text.split_once(' ')?;
        let since_origin = Duration::from_nanos(nanos.parse().ok()?);
        Some(Self {
            issued: Moment::after_origin(since_origin),
            user: user.parse().ok()?,
        })
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.issued.since_origin().as_nanos(), self.user)
    }
}

impl Node {
    /// Checks the token of a client that connects.
    ///
    /// # Errors
    /// Fails if it is missing, or has expired.
    pub fn authenticate(
        &mut self,
        now: Moment,
        request: &AuthRequest,
        model: &mut Model,
    ) -> Result<Accepted, AuthFailure> {
        let token = self.valid_token(now, request)?;
        if !self.is_revoked(request.client_id, token) {
            self.authenticated(now, request.client_id, token, model);
        }
        Ok(granted(request.client_id, token))
    }

    /// Checks the renewed token of a client that is connected.
    ///
    /// # Errors
    /// Fails if it has expired.
    pub fn renew(&mut self, now: Moment, request: &AuthRequest) -> Result<Accepted, AuthFailure> {
        let token = self.valid_token(now, request)?;
        let presence = self.presence.entry(request.client_id).or_default();
        if presence.token.user == token.user {
            presence.shown(token);
            self.tally.add("tokens renewed in place", 1);
        }
        Ok(granted(request.client_id, token))
    }

    fn valid_token(&mut self, now: Moment, request: &AuthRequest) -> Result<Token, AuthFailure> {
        let token = request.token.as_deref().and_then(Token::read);
        let valid = token.filter(|token| now < token.issued + TOKEN_LIFE);
        if valid.is_none() {
            self.tally.add("tokens expired", 1);
        }
        valid.ok_or_else(|| AuthFailure {
            message: "the token has expired".into(),
            unavailable: false,
        })
    }

    /// Checks that a client's newest token is valid.
    pub(super) fn check_token(&self, now: Moment, client: Uuid) -> Result<(), PromiseError> {
        let presence = self.presence.get(&client);
        let issued = presence.map(|presence| presence.token.issued);
        if issued.is_none_or(|issued| now < issued + TOKEN_LIFE) {
            return Ok(());
        }
        let what = format!("client {client}: a message after its token of {issued:?} expired");
        Err(Promise::Grants.broken(what))
    }
}

fn granted(client: Uuid, token: Token) -> Accepted {
    Accepted {
        grant: revocations::grant(client, token),
        expires: Some(token.issued + TOKEN_LIFE),
    }
}
