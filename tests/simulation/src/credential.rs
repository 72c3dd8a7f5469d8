//! The token of a page, as its application knows it.

use push_wire_shared::close::CloseReason;
use push_wire_shared::session::client::{Cause, TokenError};
use push_wire_shared::time::Moment;

use super::node::Token;

/// The last answer of a page's token function, and the last revocation.
#[derive(Clone, Copy, Debug, Default)]
pub struct Credential {
    /// The token function has returned a final error.
    is_denied: bool,
    /// Time at which the newest token was issued.
    issued_at: Moment,
    revoked_at: Option<Moment>,
}

impl Credential {
    /// Records an answer of the token function.
    pub fn answered(&mut self, token: &Result<String, TokenError>) {
        self.is_denied = matches!(token, Err(TokenError::Denied { .. }));
        let token = token.as_deref().ok().and_then(Token::read);
        self.issued_at = token.map_or(self.issued_at, |token| token.issued);
    }

    /// Records a revocation, of this page's credentials or another's.
    pub fn revoked(&mut self, now: Moment) {
        self.revoked_at = Some(now);
    }

    /// Returns whether a session may be closed for good with this cause: there is no token, or it may be revoked and the
    /// server has refused it.
    #[must_use]
    pub fn explains(&self, cause: &Cause) -> bool {
        let is_refused = cause.code == Some(CloseReason::Unauthorized.code());
        let may_be_revoked = self.revoked_at.is_some_and(|at| self.issued_at <= at);
        self.is_denied || (is_refused && may_be_revoked)
    }
}
