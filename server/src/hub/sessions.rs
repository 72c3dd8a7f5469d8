//! The sessions of a hub, which outlive their connections (docs/protocol.md section 8).

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use push_wire_shared::close::CloseReason;
use push_wire_shared::hidden::Hidden;
use push_wire_shared::position::{Scope, StreamKey};
use push_wire_shared::session::op::RejectedMessage;
use push_wire_shared::session::server::SessionState;
use push_wire_shared::time::Moment;
use uuid::Uuid;

use super::session::{Secret, Session};
use super::shares::{Resource, Shares};
use super::streams::{Creator, OpenError, Streams};
use super::{
    Attachment, ConnectionWaker, LimitError, Notice, OpenStream, Owner, PostError, PostProof,
    SessionCredentials, UPKEEP_BATCH, lock,
};

/// A session that a connection has opened.
#[derive(Debug)]
pub(crate) struct OpenedSession {
    /// Session fields of `auth_ok`.
    pub state: SessionState,
    /// Number of this connection among all; calls with an older connection's number have no effect.
    pub generation: u64,
    /// State that the dialect keeps over the session's connections.
    pub attachment: Arc<Attachment>,
    /// Owner whose share the session counts towards.
    pub owner: Owner,
}

/// Error of opening a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum SessionError {
    /// The client id belongs to a session that the credentials do not prove.
    #[error("this client id belongs to another session")]
    Foreign,
    /// A later attempt of the same client holds the session already.
    #[error("a newer connection of this client exists already")]
    Late,
    /// A limit of sessions is reached.
    #[error("no room for another session now: {0}")]
    Limit(#[from] LimitError),
}

impl SessionError {
    /// Reason for which the connection is closed.
    pub(crate) const fn close_reason(self) -> CloseReason {
        match self {
            Self::Foreign => CloseReason::Unauthorized,
            Self::Late => CloseReason::Replaced,
            Self::Limit(_) => CloseReason::Overloaded,
        }
    }
}

/// Error of a notice to a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NotifyError {
    /// The client is not connected.
    NotConnected,
    /// Too many notices are queued for its connection.
    Full,
}

/// The sessions of a hub.
pub(super) struct Sessions {
    ttl: Duration,
    limit: usize,
    shares: Arc<Shares>,
    streams: Arc<Streams>,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    /// Boxed, so that the table's growth under the lock moves little.
    known: HashMap<Uuid, Box<Session>>,
    /// Sessions without a connection, ordered by the end of it.
    away: BTreeSet<(Moment, Uuid)>,
    generations: u64,
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").finish_non_exhaustive()
    }
}

impl Table {
    /// The session, if this connection still holds it.
    fn held(&mut self, client: Uuid, generation: u64) -> Option<&mut Session> {
        let session = self.known.get_mut(&client)?;
        (session.generation == generation).then_some(session)
    }

    fn remove(&mut self, client: Uuid) -> Option<Box<Session>> {
        let session = self.known.remove(&client)?;
        self.away.remove(&(session.away_since, client));
        Some(session)
    }
}

impl Sessions {
    pub(super) fn new(
        ttl: Duration,
        limit: usize,
        shares: Arc<Shares>,
        streams: Arc<Streams>,
    ) -> Self {
        Self {
            ttl,
            limit,
            shares,
            streams,
            table: Mutex::default(),
        }
    }

    /// Number of sessions, connected or not.
    pub(super) fn len(&self) -> usize {
        lock(&self.table).known.len()
    }

    /// Number of clients that are connected.
    pub(super) fn connected(&self) -> usize {
        let table = lock(&self.table);
        table.known.len() - table.away.len()
    }

    /// Returns whether a client is connected.
    #[cfg(feature = "rtc")]
    pub(super) fn is_connected(&self, client: Uuid) -> bool {
        let table = lock(&self.table);
        let session = table.known.get(&client);
        session.is_some_and(|session| session.is_connected())
    }

    /// Ids of the clients that are connected.
    pub(super) fn connected_ids(&self) -> Vec<Uuid> {
        let table = lock(&self.table);
        let sessions = table.known.iter();
        let connected = sessions.filter(|(_, session)| session.is_connected());
        connected.map(|(client, _)| *client).collect()
    }

    /// Removes a client's session that a new connection must not continue: its time is over, or the connection has its secret
    /// and another identity. Returns whether it was removed.
    pub(super) fn end_before(
        &self,
        now: Moment,
        client: Uuid,
        credentials: &SessionCredentials,
    ) -> bool {
        let mut table = lock(&self.table);
        let Some(session) = table.known.get(&client) else {
            return false;
        };
        let is_over = self.has_expired(now, session) || session.passes_to_another(credentials);
        if is_over {
            session.replace();
            self.end(&mut table, client);
        }
        is_over
    }

    /// Identities of the clients that are connected, each with its clients.
    pub(super) fn connected_identities(&self) -> HashMap<String, Vec<Uuid>> {
        let mut identities: HashMap<String, Vec<Uuid>> = HashMap::new();
        let table = lock(&self.table);
        for (client, session) in &table.known {
            if let Some(identity) = session.identity().filter(|_| session.is_connected()) {
                let clients = identities.entry(identity.to_owned()).or_default();
                clients.push(*client);
            }
        }
        identities
    }

    /// Begins or continues a client's session on a connection. A new session takes the secret that the client chose, so
    /// that the client can continue it even if the answer does not arrive.
    pub(super) fn open(
        &self,
        now: Moment,
        client: Uuid,
        credentials: SessionCredentials,
        fresh_secret: Secret,
        waker: &Arc<ConnectionWaker>,
    ) -> Result<OpenedSession, SessionError> {
        let mut table = lock(&self.table);
        let is_full = table.known.len() >= self.limit;
        let Table {
            known,
            away,
            generations,
        } = &mut *table;
        let (session, connection) = match known.entry(client) {
            Entry::Occupied(session) => {
                let session = session.into_mut();
                let proof = session.proof(&credentials).ok_or(SessionError::Foreign)?;
                // The client gave this connection up before the one that it has now.
                if session.is_later_than(proof, &credentials) {
                    return Err(SessionError::Late);
                }
                let connection = session.connection(&self.shares)?;
                (session, connection)
            }
            Entry::Vacant(place) => {
                if is_full {
                    let (name, limit) = ("sessions", self.limit);
                    return Err(LimitError { name, limit }.into());
                }
                let owner = Owner::new(credentials.identity.as_deref(), credentials.address);
                let share = self.shares.take(&owner, Resource::Session)?;
                let connection = self.shares.take(&owner, Resource::Connection)?;
                let session = place.insert(Box::new(Session::new(now, share)));
                (session, connection)
            }
        };
        away.remove(&(session.away_since, client));
        *generations += 1;
        let is_resumed = session.generation != 0;
        session.hold(*generations, credentials, fresh_secret, waker, connection);
        Ok(OpenedSession {
            state: session.state(is_resumed),
            generation: session.generation,
            attachment: Arc::clone(&session.attachment),
            owner: session.owner().clone(),
        })
    }

    /// Records the end of a connection, unless a newer one holds the session. Returns whether it was recorded.
    pub(super) fn leave(&self, now: Moment, client: Uuid, generation: u64) -> bool {
        let mut table = lock(&self.table);
        let session = table.held(client, generation);
        let was_held = session.is_some_and(|session| session.release(now));
        if was_held {
            table.away.insert((now, client));
        }
        was_held
    }

    /// Removes a session and its inboxes, unless a newer connection holds it. Returns whether it was removed.
    pub(super) fn end_held(&self, client: Uuid, generation: u64) -> bool {
        let mut table = lock(&self.table);
        let is_held = table.held(client, generation).is_some();
        if is_held {
            self.end(&mut table, client);
        }
        is_held
    }

    /// Removes a session and its inboxes in one step, so that a new session of this client has new inboxes.
    fn end(&self, table: &mut Table, client: Uuid) {
        if table.remove(client).is_some() {
            self.streams.remove_inboxes(client);
        }
    }

    /// Records a client message as taken. Returns false if the connection does not hold the session any more: the
    /// client then sends the message again on the newer connection.
    pub(super) fn take_message(&self, client: Uuid, generation: u64, number: u64) -> bool {
        let mut table = lock(&self.table);
        let session = table.held(client, generation);
        session
            .map(|session| session.take_message(number))
            .is_some()
    }

    /// Records the renewed token of a client.
    pub(super) fn note_token(&self, client: Uuid, generation: u64, token: Hidden<[u8; 32]>) {
        if let Some(session) = lock(&self.table).held(client, generation) {
            session.note_token(token);
        }
    }

    /// Records a refused message, since its client may lose the connection before the answer arrives.
    pub(super) fn note_rejected(&self, client: Uuid, generation: u64, rejection: RejectedMessage) {
        if let Some(session) = lock(&self.table).held(client, generation) {
            session.note_rejected(rejection);
        }
    }

    /// Returns whether a client has a session, connected or not.
    pub(super) fn knows(&self, now: Moment, client: Uuid) -> bool {
        let table = lock(&self.table);
        let session = table.known.get(&client);
        session.is_some_and(|session| !self.has_expired(now, session))
    }

    /// A client's inbox in a channel, created if there is none; `None` for a client without a session.
    pub(super) fn inbox(
        &self,
        now: Moment,
        client: Uuid,
        channel: u8,
    ) -> Option<Result<OpenStream, OpenError>> {
        let mut table = lock(&self.table);
        let session = table.known.get_mut(&client)?;
        if self.has_expired(now, session) {
            return None;
        }
        if let Some(inbox) = session.inbox(channel) {
            return Some(Ok(inbox.clone()));
        }
        let scope = Scope::Inbox(client);
        let opened = self
            .streams
            .open(&StreamKey { channel, scope }, Creator::Application);
        if let Ok(inbox) = &opened {
            session.keep_inbox(inbox.clone());
        }
        Some(opened)
    }

    /// Queues a notice for a connected client.
    pub(super) fn notify(&self, client: Uuid, notice: Notice) -> Result<(), NotifyError> {
        let table = lock(&self.table);
        let session = table.known.get(&client);
        let waker = session.and_then(|session| session.waker().cloned());
        drop(table);
        let waker = waker.ok_or(NotifyError::NotConnected)?;
        let has_room = waker.notify(notice);
        has_room.then_some(()).ok_or(NotifyError::Full)
    }

    /// The connection to which a client may POST messages.
    pub(super) fn connection(
        &self,
        client: Uuid,
        proof: &PostProof,
    ) -> Result<Arc<ConnectionWaker>, PostError> {
        let table = lock(&self.table);
        let session = table.known.get(&client).ok_or(PostError::NoConnection)?;
        if !session.may_post(proof) {
            return Err(PostError::Unauthorized);
        }
        session.waker().cloned().ok_or(PostError::NoConnection)
    }

    /// The connection of a client whose POSTs are proved by the session's identity.
    pub(super) fn connection_by_identity(&self, client: Uuid) -> Option<Arc<ConnectionWaker>> {
        let table = lock(&self.table);
        let session = table.known.get(&client)?;
        let waker = session.posts_by_identity().then(|| session.waker())?;
        waker.cloned()
    }

    /// Queues a notice for every connected client.
    pub(super) fn notify_all(&self, notice: &Notice) {
        let table = lock(&self.table);
        let connected = table.known.values();
        let wakers: Vec<_> = connected.filter_map(|one| one.waker().cloned()).collect();
        drop(table);
        for waker in wakers {
            waker.notify(notice.clone());
        }
    }

    /// Removes sessions whose time is over, a bounded number at once. Returns their clients, and the time at which the next
    /// one expires.
    pub(super) fn upkeep(&self, now: Moment) -> (Vec<Uuid>, Option<Moment>) {
        let mut table = lock(&self.table);
        let mut ended = Vec::new();
        while let Some(&(left, client)) = table.away.first() {
            if now.since(left) < self.ttl || ended.len() == UPKEEP_BATCH {
                return (ended, Some(left + self.ttl));
            }
            self.end(&mut table, client);
            ended.push(client);
        }
        (ended, None)
    }

    fn has_expired(&self, now: Moment, session: &Session) -> bool {
        !session.is_connected() && now.since(session.away_since) >= self.ttl
    }

    /// Holds the sessions' lock while `act` runs.
    #[cfg(test)]
    pub(super) fn while_locked<T>(&self, act: impl FnOnce() -> T) -> T {
        let _table = lock(&self.table);
        act()
    }
}
