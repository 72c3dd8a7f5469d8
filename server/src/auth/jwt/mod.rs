//! Authentication by JSON Web Tokens (RFC 7519).
//!
//! `jsonwebtoken` reads keys. Signatures are verified by `ring`, which TLS uses too: `jsonwebtoken`'s own providers are chosen
//! once for the whole process, which is the application's choice.

mod cache;
mod claims;
mod der;
mod error;
mod fetch;
mod key;
mod keys;
mod mapping;
mod set;
#[cfg(test)]
mod tests;
mod token;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use push_wire_shared::ChannelKind;

use self::claims::Checks;
pub use self::claims::JwtClaims;
use self::error::JwtError;
pub use self::error::JwtKeysError;
pub use self::keys::JwtKeys;
use self::token::Token;
use super::{AuthError, Authenticator, Credentials, Grant, bearer};

/// Function from claims to a grant.
type Mapping = Arc<dyn Fn(&JwtClaims) -> Result<Grant, AuthError> + Send + Sync>;

/// Time of day.
type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// Authenticator of clients that show a JSON Web Token: in `auth`, or in `Authorization: Bearer` of the request that opens
/// the connection.
///
/// The signature is verified by one of the [`JwtKeys`], by the algorithm that the key is for. `exp` is required, and
/// checked as `nbf` is, with a skew of 60 s. A token with `aud` is accepted only if it names one of the
/// [`audience`](Self::audience). The error that the client is sent names the check that failed.
///
/// By default the claim `push` lists what the client may do, and `sub` is its identity:
///
/// ```json
/// { "sub": "ada", "exp": 1767225600,
///   "push": { "prices": { "read": true },
///             "chat": { "read": ["lobby", "room-*"], "send": true } } }
/// ```
///
/// Names are those of the channels, and of the methods of [`Grant`]; `true` is the channel with all its topics, a list has
/// topic patterns ([`Grant::read_topics`]). The grant ends with the token, after the skew. [`grant_by`](Self::grant_by)
/// sets another mapping.
///
/// ```
/// # use push_wire_server::{ChannelKind, JwtAuthenticator, JwtKeys, PushServer};
/// # #[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
/// # enum Channel { #[channel(system)] System, Chat }
/// # fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let keys = JwtKeys::jwks_url("https://id.example.com/.well-known/jwks.json")?;
/// let tokens = JwtAuthenticator::new(keys)
///     .issuer(["https://id.example.com"])
///     .audience(["chat"]);
/// let server = PushServer::<Channel>::builder().authenticator(tokens).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct JwtAuthenticator {
    keys: JwtKeys,
    checks: Checks,
    /// `None` for the default one.
    mapping: Option<Mapping>,
    clock: Clock,
}

impl fmt::Debug for JwtAuthenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtAuthenticator")
            .field("keys", &self.keys)
            .field("checks", &self.checks)
            .finish_non_exhaustive()
    }
}

impl JwtAuthenticator {
    /// An authenticator with these keys, the defaults of the checks, and the default mapping.
    #[must_use]
    pub fn new(keys: JwtKeys) -> Self {
        Self {
            keys,
            checks: Checks::default(),
            mapping: None,
            clock: Arc::new(SystemTime::now),
        }
    }

    /// Requires one of these audiences in `aud`; default none, with which a token that has `aud` is refused.
    #[must_use]
    pub fn audience<S: Into<String>>(mut self, audience: impl IntoIterator<Item = S>) -> Self {
        self.checks.audience = audience.into_iter().map(Into::into).collect();
        self
    }

    /// Requires one of these issuers as `iss`; default none: `iss` is not checked.
    #[must_use]
    pub fn issuer<S: Into<String>>(mut self, issuer: impl IntoIterator<Item = S>) -> Self {
        self.checks.issuer = issuer.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the difference between the clocks of issuer and server that is allowed for in `exp` and `nbf`; default 60 s.
    #[must_use]
    pub fn skew(mut self, skew: Duration) -> Self {
        self.checks.skew = skew;
        self
    }

    /// Accepts tokens without `exp`, which are valid for ever; default: they are refused.
    #[must_use]
    pub fn expiry_optional(mut self) -> Self {
        self.checks.expiry_required = false;
        self
    }

    /// Sets the function that makes the grant from the claims of a token, in place of the default mapping; its error is
    /// that of the client.
    #[must_use]
    pub fn grant_by<F>(mut self, mapping: F) -> Self
    where
        F: Fn(&JwtClaims) -> Result<Grant, AuthError> + Send + Sync + 'static,
    {
        self.mapping = Some(Arc::new(mapping));
        self
    }

    /// The claims of a token that passes all checks.
    async fn claims(&self, token: &str) -> Result<JwtClaims, JwtError> {
        let token = Token::parse(token)?;
        let keys = self.keys.of_token(&token).await?;
        let claims = token.verify(&keys)?;
        self.checks.check(&claims, (self.clock)())?;
        Ok(claims)
    }

    fn grant<C: ChannelKind>(&self, claims: &JwtClaims) -> Result<Grant, AuthError> {
        match &self.mapping {
            Some(mapping) => mapping(claims),
            None => Ok(mapping::grant::<C>(claims)?),
        }
    }
}

/// The grant with the token's id and time of issue, where the mapping has not set them. A token that does not state its time
/// of issue counts as older than any time: otherwise it could be used again after a revocation.
fn revocable(grant: Grant, claims: &JwtClaims) -> Grant {
    let issued = claims.issued_at().unwrap_or(SystemTime::UNIX_EPOCH);
    let grant = match grant.issue() {
        Some(_) => grant,
        None => grant.issued_at(issued),
    };
    match (grant.token(), claims.token_id()) {
        (None, Some(id)) => grant.token_id(id),
        (Some(_), _) | (None, None) => grant,
    }
}

impl<C: ChannelKind> Authenticator<C> for JwtAuthenticator {
    async fn authenticate(&self, credentials: Credentials<C>) -> Result<Grant, AuthError> {
        let token = credentials.token.as_deref();
        let token = token.or_else(|| bearer(&credentials.headers));
        let claims = self.claims(token.ok_or(JwtError::Missing)?).await?;
        let grant = revocable(self.grant::<C>(&claims)?, &claims);
        let end = claims.expires_at();
        // Before that the token passes the checks.
        let end = end.and_then(|end| end.checked_add(self.checks.skew));
        Ok(match (end, grant.expiry()) {
            (Some(end), None) => grant.expires_at(end),
            (Some(end), Some(earlier)) => grant.expires_at(end.min(earlier)),
            (None, _) => grant,
        })
    }
}
