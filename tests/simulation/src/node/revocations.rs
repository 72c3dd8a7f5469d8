//! Credentials that the process has revoked.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, SystemTime};

use push_wire_server::{Grant, Revocation};
use push_wire_shared::time::Moment;
use uuid::Uuid;

use super::{Node, Token};
use crate::check::{Promise, PromiseError};
use crate::fault_injector::InjectedFault;
use crate::operation::RevokedSubject;

/// Time for which a revocation is kept: longer than a run.
const KEPT: Duration = Duration::from_hours(24);

/// The revocations of one process, as the check knows them.
#[derive(Debug, Default)]
pub(super) struct Revocations {
    tokens: HashSet<Token>,
    /// Tokens of a user that were issued before this time. Each client has its own users.
    users: HashMap<(Uuid, u32), Moment>,
    clients: HashSet<Uuid>,
}

impl Node {
    /// Revokes the newest token of a client, all its tokens so far, or the client. Returns `false` if there is nothing to
    /// revoke, or nobody to do so.
    ///
    /// # Errors
    /// Fails if the hub refuses it.
    pub fn revoke(
        &mut self,
        now: Moment,
        client: Uuid,
        subject: RevokedSubject,
    ) -> Result<bool, PromiseError> {
        let hub = self.hub.clone().filter(|_| !self.is_stalled(now));
        let presence = self.presence.get(&client).copied();
        let Some((hub, presence)) = hub.zip(presence) else {
            return Ok(false);
        };
        let token = presence.token;
        let (revocation, what) = match subject {
            RevokedSubject::Token => {
                self.revocations.tokens.insert(token);
                (Revocation::token(token.to_string()), "revoked: token")
            }
            RevokedSubject::Identity => {
                self.revocations.users.insert((client, token.user), now);
                let user = identity(client, token.user);
                let revocation = Revocation::identity_before(user, wall(now));
                (revocation, "revoked: identity")
            }
            RevokedSubject::Client => {
                self.revocations.clients.insert(client);
                (Revocation::client(client), "revoked: client")
            }
        };
        self.count(what);
        if self.fault != InjectedFault::IgnoreRevocations {
            let revoked = hub.revoke(wall(now), revocation.until(wall(now + KEPT)));
            revoked.map_err(|error| Promise::Revocation.broken(error.to_string()))?;
        }
        Ok(true)
    }

    /// Returns whether a token of a client is revoked.
    #[must_use]
    pub fn is_revoked(&self, client: Uuid, token: Token) -> bool {
        let Revocations {
            tokens,
            users,
            clients,
        } = &self.revocations;
        let revoked_before = users.get(&(client, token.user));
        clients.contains(&client)
            || tokens.contains(&token)
            || revoked_before.is_some_and(|time| token.issued < *time)
    }
}

/// Grant with what revocations refer to.
pub(super) fn grant(client: Uuid, token: Token) -> Grant {
    Grant::everything()
        .identity(identity(client, token.user))
        .token_id(token.to_string())
        .issued_at(wall(token.issued))
}

fn identity(client: Uuid, user: u32) -> String {
    format!("{client}, user {user}")
}

fn wall(time: Moment) -> SystemTime {
    SystemTime::UNIX_EPOCH + time.since_origin()
}
