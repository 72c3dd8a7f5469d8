//! Credentials that the process has revoked.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, SystemTime};

use push_wire_server::{Grant, Revocation};
use push_wire_shared::time::Moment;
use uuid::Uuid;

use super::Node;
use crate::check::{Promise, PromiseError};
use crate::fault_injector::InjectedFault;
use crate::operation::RevokedSubject;

/// Time for which a revocation is kept: longer than a run.
const KEPT: Duration = Duration::from_hours(24);

/// The revocations of one process, as the check knows them.
#[derive(Debug, Default)]
pub(super) struct Revocations {
    /// Tokens, by the time at which they were issued.
    tokens: HashSet<Moment>,
    /// Tokens of an identity that were issued before this time. Each client is an identity.
    identities: HashMap<Uuid, Moment>,
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
        let issued = presence.token_issued_at;
        let (revocation, what) = match subject {
            RevokedSubject::Token => {
                self.revocations.tokens.insert(issued);
                (Revocation::token(token_id(issued)), "revoked: token")
            }
            RevokedSubject::Identity => {
                self.revocations.identities.insert(client, now);
                let revocation = Revocation::identity_before(client.to_string(), wall(now));
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
    pub fn is_revoked(&self, client: Uuid, issued: Moment) -> bool {
        let Revocations {
            tokens,
            identities,
            clients,
        } = &self.revocations;
        clients.contains(&client)
            || tokens.contains(&issued)
            || identities.get(&client).is_some_and(|time| issued < *time)
    }
}

/// Grant with what revocations refer to.
pub(super) fn grant(client: Uuid, issued: Moment) -> Grant {
    Grant::everything()
        .identity(client.to_string())
        .token_id(token_id(issued))
        .issued_at(wall(issued))
}

fn token_id(issued: Moment) -> String {
    issued.since_origin().as_nanos().to_string()
}

fn wall(time: Moment) -> SystemTime {
    SystemTime::UNIX_EPOCH + time.since_origin()
}
