//! Members without a connection, and the lists of peers that they are sent later.

use alloc::collections::BTreeMap;

use uuid::Uuid;

/// Members without a connection. A list for each change would push messages out of their inboxes. Lists are therefore
/// deferred, and only the newest one is sent: before the next message, or when the member returns.
#[derive(Debug, Default)]
pub(super) struct Absent {
    /// The members; true if a list was deferred.
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

    /// Defers a client's list, if the client is absent. Returns whether it is.
    pub(super) fn defer(&mut self, client: Uuid) -> bool {
        let deferred = self.members.get_mut(&client);
        deferred.map(|deferred| *deferred = true).is_some()
    }

    /// Returns whether a list was deferred. The caller sends it now.
    pub(super) fn take_deferred(&mut self, client: Uuid) -> bool {
        let deferred = self.members.get_mut(&client);
        deferred.is_some_and(core::mem::take)
    }
}
