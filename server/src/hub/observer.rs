//! [`Observer`]: observer of the ends and the grants of sessions.

use std::sync::{Arc, OnceLock};

use uuid::Uuid;

use super::Owner;
use crate::auth::Grant;

/// Observer of the sessions of a hub. It is called while no lock of the hub is held.
pub(crate) trait SessionObserver: Send + Sync {
    /// The session of a client has ended.
    fn ended(&self, client: Uuid);

    /// A connection of a client's session has ended. A newer one may have opened since.
    fn left(&self, client: Uuid);

    /// A client has this grant from now on, and its session this owner: a connection of its session has opened, or has renewed its token.
    fn granted(&self, client: Uuid, grant: &Arc<Grant>, owner: &Owner);

    /// Credentials were revoked, perhaps those of a client with a session.
    fn revoked(&self);
}

/// Place of the observer of a hub; at first there is none.
#[derive(Default)]
pub(crate) struct Observer(OnceLock<Arc<dyn SessionObserver>>);

impl Observer {
    /// Sets the observer, unless there is one already.
    #[cfg(feature = "rtc")]
    pub(crate) fn set(&self, observer: Arc<dyn SessionObserver>) {
        self.0.get_or_init(|| observer);
    }

    /// Passes the end of a session on.
    pub(super) fn ended(&self, client: Uuid) {
        if let Some(observer) = self.0.get() {
            observer.ended(client);
        }
    }

    /// Passes the end of a connection on.
    pub(super) fn left(&self, client: Uuid) {
        if let Some(observer) = self.0.get() {
            observer.left(client);
        }
    }

    /// Passes a grant on.
    pub(crate) fn granted(&self, client: Uuid, grant: &Arc<Grant>, owner: &Owner) {
        if let Some(observer) = self.0.get() {
            observer.granted(client, grant, owner);
        }
    }

    /// Passes on that credentials were revoked.
    pub(super) fn revoked(&self) {
        if let Some(observer) = self.0.get() {
            observer.revoked();
        }
    }
}
