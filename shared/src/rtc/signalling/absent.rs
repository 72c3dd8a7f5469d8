//! Members without a connection, and the lists of peers that they are sent later.

use alloc::collections::BTreeMap;

use uuid::Uuid;

/// Members without a connection. Their lists would fill the inboxes in which their messages wait, so that at most the newest
/// one is sent: before the next message, or when they return.
#[derive(Debug, Default)]
pub(super) struct Absent {
    /// Whether a list was deferred.
    members: BTreeMap<Uuid, bool>,
}

impl Absent {
    /// Adds a member that has lost its connection.
    pub(super) fn add(&mut self, client: Uuid) {
        self.members.entry(client).or_default();
    }

    /// Removes a client. Returns whether a list was deferred.
    pub(super) fn remove(&mut self, client: Uuid) -> bool {
        self.members.remove(&client).unwrap_or_default()
    }

    /// Defers the list of a member. Returns false if the client is not absent.
    pub(super) fn defer(&mut self, client: Uuid) -> bool {
        let deferred = self.members.get_mut(&client);
        deferred.map(|deferred| *deferred = true).is_some()
    }

    /// Returns whether a list was deferred, which is to be sent now.
    pub(super) fn take_deferred(&mut self, client: Uuid) -> bool {
        let deferred = self.members.get_mut(&client);
        deferred.is_some_and(core::mem::take)
    }
}
