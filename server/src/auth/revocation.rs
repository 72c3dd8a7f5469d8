//! Revocation of credentials before they expire.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use uuid::Uuid;

use super::Grant;
use crate::limits::REVOCATIONS;

/// Time for which a revocation is kept by default (24 h): longer than tokens are mostly valid.
const KEPT: Duration = Duration::from_hours(24);

/// Credentials that are no longer valid, for [`PushServer::revoke`](crate::PushServer::revoke).
///
/// ```
/// # use std::time::{Duration, SystemTime};
/// # use push_wire_server::{ChannelKind, PushServer, Revocation};
/// # #[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
/// # enum Channel { #[channel(system)] System, Chat }
/// # let server = PushServer::<Channel>::new();
/// // Every token of this user that was issued before the password was changed.
/// let now = SystemTime::now();
/// let tokens_live = Duration::from_secs(3600);
/// server.revoke(Revocation::identity_before("ada", now).until(now + tokens_live))?;
/// # Ok::<(), push_wire_server::RevokeError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Revocation {
    subject: Subject,
    until: Option<SystemTime>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Subject {
    Token(String),
    IdentityBefore(String, SystemTime),
    Client(Uuid),
}

impl Revocation {
    /// The token of this id ([`Grant::token_id`]), such as the claim `jti` of a JSON Web Token.
    #[must_use]
    pub fn token(id: impl Into<String>) -> Self {
        Self::of(Subject::Token(id.into()))
    }

    /// All tokens of an identity ([`Grant::identity`]) that were issued before this time ([`Grant::issued_at`]). A token
    /// whose time of issue has whole seconds counts as issued at their beginning.
    #[must_use]
    pub fn identity_before(identity: impl Into<String>, time: SystemTime) -> Self {
        Self::of(Subject::IdentityBefore(identity.into(), time))
    }

    /// The client of this id, with any token. A client chooses its id, so this ends a session and keeps nobody out who
    /// has a valid token.
    #[must_use]
    pub const fn client(id: Uuid) -> Self {
        Self::of(Subject::Client(id))
    }

    /// Sets the time until which the credentials are refused: the time at which the tokens expire. Default: 24 hours from
    /// the call of `revoke`.
    #[must_use]
    pub const fn until(mut self, time: SystemTime) -> Self {
        self.until = Some(time);
        self
    }

    const fn of(subject: Subject) -> Self {
        Self {
            subject,
            until: None,
        }
    }
}

/// Error of [`PushServer::revoke`](crate::PushServer::revoke).
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RevokeError {
    /// As many revocations are kept as there may be, and none has ended. The credentials are not revoked.
    #[error(
        "{REVOCATIONS} revocations are kept already: state with `until` when tokens expire, or revoke by identity"
    )]
    Full,
}

/// The revocations that are kept. Each is refused until its time, or longer.
#[derive(Default, Debug)]
pub(crate) struct Revocations {
    kept: Mutex<Kept>,
    /// Number of those that were ever added.
    added: AtomicU64,
}

#[derive(Default, Debug)]
struct Kept {
    tokens: HashMap<String, Ends>,
    identities: HashMap<String, Before>,
    clients: HashMap<Uuid, Ends>,
}

/// Time until which a revocation is kept.
type Ends = SystemTime;

#[derive(Clone, Copy, Debug)]
struct Before {
    issued: SystemTime,
    ends: Ends,
}

impl Revocations {
    /// Keeps a revocation.
    ///
    /// # Errors
    /// [`RevokeError::Full`].
    pub(crate) fn add(&self, now: SystemTime, revocation: Revocation) -> Result<(), RevokeError> {
        let Revocation { subject, until } = revocation;
        let ends = until.unwrap_or(now + KEPT);
        let mut kept = self.lock();
        if kept.len() >= REVOCATIONS {
            kept.drop_ended(now);
        }
        if kept.len() >= REVOCATIONS && !kept.has(&subject) {
            return Err(RevokeError::Full);
        }
        kept.add(subject, ends);
        self.added.fetch_add(1, Ordering::Release);
        Ok(())
    }

    /// Returns the number of revocations so far. As long as it is the same, credentials that were not revoked are not.
    pub(crate) fn added(&self) -> u64 {
        self.added.load(Ordering::Acquire)
    }

    /// Returns whether these credentials of a client are revoked.
    pub(crate) fn cover(&self, client: Uuid, grant: &Grant) -> bool {
        let kept = self.lock();
        if kept.is_empty() {
            return false;
        }
        let has_token = |id| kept.tokens.contains_key(id);
        let is_older = |before: &Before| grant.issue().is_some_and(|at| at < before.issued);
        let identity = grant.who().and_then(|who| kept.identities.get(who));
        kept.clients.contains_key(&client)
            || grant.token().is_some_and(has_token)
            || identity.is_some_and(is_older)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        // Nothing panics while the lock is held.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn len(&self) -> usize {
        self.tokens.len() + self.identities.len() + self.clients.len()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn has(&self, subject: &Subject) -> bool {
        match subject {
            Subject::Token(id) => self.tokens.contains_key(id),
            Subject::IdentityBefore(identity, _) => self.identities.contains_key(identity),
            Subject::Client(id) => self.clients.contains_key(id),
        }
    }

    fn drop_ended(&mut self, now: SystemTime) {
        self.tokens.retain(|_, ends| *ends > now);
        self.identities.retain(|_, before| before.ends > now);
        self.clients.retain(|_, ends| *ends > now);
    }

    /// Adds a revocation, or extends the one of the same subject.
    fn add(&mut self, subject: Subject, ends: Ends) {
        match subject {
            Subject::Token(id) => extend(self.tokens.entry(id), ends),
            Subject::Client(id) => extend(self.clients.entry(id), ends),
            Subject::IdentityBefore(identity, issued) => {
                let before = Before { issued, ends };
                let kept = self.identities.entry(identity).or_insert(before);
                kept.issued = kept.issued.max(issued);
                kept.ends = kept.ends.max(ends);
            }
        }
    }
}

fn extend<K>(entry: Entry<'_, K, Ends>, ends: Ends) {
    let kept = entry.or_insert(ends);
    *kept = (*kept).max(ends);
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: Uuid = Uuid::from_u128(1);

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn grant(token: &str, identity: &str, issued: u64) -> Grant {
        Grant::everything()
            .identity(identity)
            .token_id(token)
            .issued_at(at(issued))
    }

    #[test]
    fn covers_token_identity_and_client() {
        let revocations = Revocations::default();
        let covers = |client, grant| revocations.cover(client, &grant);
        assert!(!covers(CLIENT, grant("t1", "ada", 5)));
        for revocation in [
            Revocation::token("t1"),
            Revocation::identity_before("ada", at(10)),
            Revocation::client(Uuid::from_u128(2)),
        ] {
            revocations.add(at(20), revocation).unwrap();
        }
        assert!(covers(CLIENT, grant("t1", "eve", 50)));
        assert!(covers(CLIENT, grant("t2", "ada", 9)));
        assert!(covers(Uuid::from_u128(2), Grant::everything()));
        assert!(!covers(CLIENT, grant("t2", "ada", 10)), "issued later");
        assert!(!covers(CLIENT, grant("t2", "eve", 9)), "of another");
        assert!(!covers(CLIENT, Grant::everything()), "of nobody");
    }

    #[test]
    fn repeated_revocation_keeps_the_later_times() {
        let revocations = Revocations::default();
        for (issued, ends) in [(10, 100), (5, 50)] {
            let revocation = Revocation::identity_before("ada", at(issued)).until(at(ends));
            revocations.add(at(20), revocation).unwrap();
        }
        revocations.lock().drop_ended(at(60));
        assert!(revocations.cover(CLIENT, &grant("t", "ada", 9)));
        revocations.lock().drop_ended(at(100));
        assert!(!revocations.cover(CLIENT, &grant("t", "ada", 9)));
    }

    #[test]
    fn number_is_bounded() {
        let revocations = Revocations::default();
        let revoke = |now, n: usize| {
            let revocation = Revocation::token(n.to_string()).until(at(100));
            revocations.add(at(now), revocation)
        };
        for n in 0..REVOCATIONS {
            revoke(1, n).unwrap();
        }
        assert_eq!(revoke(1, REVOCATIONS), Err(RevokeError::Full));
        assert_eq!(revoke(1, 0), Ok(()), "kept already");
        assert_eq!(revoke(100, REVOCATIONS), Ok(()), "the others have ended");
        assert_eq!(revocations.lock().len(), 1);
    }
}
