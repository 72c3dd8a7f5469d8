//! Facts about a session that its driver or application reads, and the state that outlives it.

use alloc::vec::Vec;

use uuid::Uuid;

use super::{ClientSession, Snapshot, Stats, Status, Transport};
use crate::encoding::PayloadEncoding;
use crate::position::{Cursor, Position};
use crate::session::op::ChannelInfo;

impl ClientSession {
    /// State of the connection.
    #[must_use]
    pub fn status(&self) -> Status {
        self.connection.status()
    }

    /// Position up to which the application has handled a subscription, to be kept over a restart or page reload.
    /// `None` before the first outcome of a subscription without a position.
    #[must_use]
    pub fn position(&self, id: u32) -> Option<Position> {
        self.subscriptions.get(id)?.handled
    }

    /// Position of the newest entry of a subscription that was given to the application.
    #[must_use]
    pub fn received(&self, id: u32) -> Option<Position> {
        self.subscriptions.get(id)?.received
    }

    /// The newest known entry of the subscription's stream.
    #[must_use]
    pub fn head(&self, id: u32) -> Option<Cursor> {
        Some(self.subscriptions.get(id)?.head)
    }

    /// Secret that continues this session; keep it with the client id.
    #[must_use]
    pub const fn secret(&self) -> Option<[u8; 16]> {
        self.config.secret
    }

    /// The client's id.
    #[must_use]
    pub const fn client_id(&self) -> Uuid {
        self.config.client_id
    }

    /// Number of attempts to connect that this client has made, restarts included, if they are counted.
    #[must_use]
    pub fn attempts(&self) -> Option<u64> {
        let made = u64::from(self.connection.attempt());
        Some(self.config.attempts?.saturating_add(made))
    }

    /// The server's channels; empty before the first handshake.
    #[must_use]
    pub fn channels(&self) -> &[ChannelInfo] {
        &self.server.channels
    }

    /// Encoding for the bodies of [`send`](Self::send): that of the latest connection, or the wanted one before the first. Where
    /// the server changes it, sends that wait in another one are refused, with the code `unavailable`.
    #[must_use]
    pub const fn encoding(&self) -> PayloadEncoding {
        self.link.encoding
    }

    /// Transport of the latest attempt.
    #[must_use]
    pub const fn transport(&self) -> Transport {
        self.connection.transport()
    }

    /// Largest message that the server takes, in bytes, from the latest handshake.
    #[must_use]
    pub const fn max_message_bytes(&self) -> usize {
        self.link.max_message_bytes
    }

    /// Counters since the session was created.
    #[must_use]
    pub const fn stats(&self) -> Stats {
        self.link.outputs.stats
    }

    /// State to continue from after a restart, as bytes for [`Snapshot::decode`]: id, secret, attempts, and the
    /// positions up to which the application has handled its streams.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        let snapshot = Snapshot {
            client_id: self.config.client_id,
            secret: self.config.secret,
            attempts: self.attempts(),
            positions: self.subscriptions.positions(),
        };
        snapshot.encode()
    }

    /// Takes the positions of a snapshot: a subscription that [keeps its position](super::Subscription::keeps_position)
    /// begins there, also one that was made before, as long as the session has not connected. The client's id comes from the configuration
    /// ([`ClientConfig::continuing`](super::ClientConfig::continuing)), so a new client may continue from the positions of
    /// another.
    pub fn restore_positions(&mut self, snapshot: Snapshot) {
        self.subscriptions.restore(snapshot.positions);
    }

    /// Takes the id, the secret, the attempts and the positions of a snapshot that was read after the session was made: to be
    /// called before the first [`connect`](Self::connect). Subscriptions made meanwhile begin at their kept positions.
    pub fn adopt(&mut self, snapshot: Snapshot) {
        self.config.client_id = snapshot.client_id;
        self.config.secret = snapshot.secret;
        self.config.attempts = self.config.attempts.max(snapshot.attempts);
        self.restore_positions(snapshot);
    }

    /// Continues after another session that has used what this one keeps, such as that of a later page of the same tab: takes
    /// the positions of the streams for which this one keeps none of its own. If it had this client's id, the next attempt has a higher number
    /// than its attempts.
    pub fn continue_after(&mut self, snapshot: Snapshot) {
        if snapshot.client_id == self.config.client_id {
            self.note_attempts(snapshot.attempts.unwrap_or_default());
        }
        self.subscriptions.restore_others(snapshot.positions);
    }

    /// Records that attempts up to this number may have been made under the client's id, by a page that has used it
    /// meanwhile: the next one has a higher number. Without effect if attempts are not counted.
    pub fn note_attempts(&mut self, attempts: u64) {
        let made = u64::from(self.connection.attempt());
        if let Some(before) = &mut self.config.attempts {
            *before = attempts.saturating_sub(made).max(*before);
        }
    }
}
