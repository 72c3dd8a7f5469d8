//! Tokens of clients: a token is the time at which it was issued, and is valid for two minutes.

use std::time::Duration;

use push_wire_server::internals::peer::{Accepted, AuthFailure, AuthRequest};
use push_wire_shared::time::Moment;
use uuid::Uuid;

use super::{Node, revocations};
use crate::check::{Promise, PromiseError};
use crate::model::Model;

/// Validity of a token (120 s): longer than a client's age limit for a token and the longest stall together.
const TOKEN_LIFE: Duration = Duration::from_secs(120);

impl Node {
    /// A token that is valid from now on for `TOKEN_LIFE`.
    #[must_use]
    pub fn token(&self, now: Moment) -> String {
        now.since_origin().as_nanos().to_string()
    }

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
        let issued = self.issued_at(now, request)?;
        if !self.is_revoked(request.client_id, issued) {
            self.authenticated(now, request.client_id, issued, model);
        }
        Ok(granted(request.client_id, issued))
    }

    /// Checks the renewed token of a client that is connected.
    ///
    /// # Errors
    /// Fails if it has expired.
    pub fn renew(&mut self, now: Moment, request: &AuthRequest) -> Result<Accepted, AuthFailure> {
        let issued = self.issued_at(now, request)?;
        let presence = self.presence.entry(request.client_id).or_default();
        presence.token_issued_at = presence.token_issued_at.max(issued);
        self.tally.add("tokens renewed in place", 1);
        Ok(granted(request.client_id, issued))
    }

    fn issued_at(&mut self, now: Moment, request: &AuthRequest) -> Result<Moment, AuthFailure> {
        let issued = request.token.as_deref().and_then(issued_at);
        let valid = issued.filter(|issued| now < *issued + TOKEN_LIFE);
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
        let issued = presence.map(|presence| presence.token_issued_at);
        if issued.is_none_or(|issued| now < issued + TOKEN_LIFE) {
            return Ok(());
        }
        let what = format!("client {client}: a message after its token of {issued:?} expired");
        Err(Promise::Grants.broken(what))
    }
}

/// Time at which a token was issued.
pub fn issued_at(token: &str) -> Option<Moment> {
    let nanos = token.parse().ok()?;
    Some(Moment::after_origin(Duration::from_nanos(nanos)))
}

fn granted(client: Uuid, issued: Moment) -> Accepted {
    Accepted {
        grant: revocations::grant(client, issued),
        expires: Some(issued + TOKEN_LIFE),
    }
}
