//! State of the JSON dialect that a session keeps over its connections.

use std::sync::{Arc, Mutex};

use uuid::Uuid;

use super::events::Events;
use super::numbering::Numbering;
use crate::hub::{Attachment, lock};

/// State kept with the session.
#[derive(Default, Debug)]
pub(super) struct Kept {
    /// Numbers of entries as the client sees them.
    pub(super) numbering: Numbering,
    /// Ids of the events of its event streams.
    pub(super) events: Events,
    /// The client has unsubscribed from its last channel: an `auth` that names no channel then reads none.
    pub(super) reads_nothing: bool,
}

/// The session of one connection; empty before the client is authenticated.
#[derive(Default, Debug)]
pub(super) struct JsonSession {
    client: Uuid,
    attachment: Arc<Attachment>,
}

impl JsonSession {
    pub(super) fn new(client: Uuid, attachment: &Arc<Attachment>) -> Self {
        Self {
            client,
            attachment: Arc::clone(attachment),
        }
    }

    pub(super) const fn client(&self) -> Uuid {
        self.client
    }

    /// Calls a function with the kept state.
    pub(super) fn with<T>(&self, with: impl FnOnce(&mut Kept) -> T) -> T {
        with(&mut lock(self.attachment.get::<Mutex<Kept>>()))
    }
}
