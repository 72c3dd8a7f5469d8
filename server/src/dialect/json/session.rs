//! State of the JSON dialect that a session keeps over its connections.

use std::sync::{Arc, Mutex};

use uuid::Uuid;

use super::events::Events;
use super::numbering::Numbering;
use crate::hub::{Attachment, OpenedSession, lock};

/// State kept with the session.
#[derive(Default, Debug)]
pub(super) struct Kept {
    /// Numbers of entries as the client sees them.
    pub(super) numbering: Numbering,
    /// Ids of the events of its event streams.
    pub(super) events: Events,
    /// The client has unsubscribed from its last channel: an `auth` that names no channel then reads none.
    pub(super) reads_nothing: bool,
    /// Number of the newest connection, the only one that is sent entries.
    holder: u64,
}

/// The session of one connection; empty before the client is authenticated.
#[derive(Default, Debug)]
pub(super) struct JsonSession {
    client: Uuid,
    /// Number of the connection; later ones have higher numbers.
    generation: u64,
    attachment: Arc<Attachment>,
}

impl JsonSession {
    /// Takes the session from older connections.
    pub(super) fn open(client: Uuid, opened: &OpenedSession) -> Self {
        let session = Self {
            client,
            generation: opened.generation,
            attachment: Arc::clone(&opened.attachment),
        };
        session.with(|kept| kept.holder = kept.holder.max(opened.generation));
        session
    }

    pub(super) const fn client(&self) -> Uuid {
        self.client
    }

    /// Calls a function with the kept state.
    pub(super) fn with<T>(&self, with: impl FnOnce(&mut Kept) -> T) -> T {
        with(&mut lock(self.attachment.get::<Mutex<Kept>>()))
    }

    /// Calls a function with the kept state, unless a newer connection has the session: it counts from its own positions.
    pub(super) fn held<T>(&self, with: impl FnOnce(&mut Kept) -> T) -> Option<T> {
        self.with(|kept| (kept.holder == self.generation).then(|| with(kept)))
    }
}
