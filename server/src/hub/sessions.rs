//! Who is known: sessions outlive their connections (docs/protocol.md section 8).

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use push_wire_shared::limits::REJECTIONS;
use push_wire_shared::position::{Scope, StreamKey};
use push_wire_shared::session::op::RejectedMessage;
use push_wire_shared::session::server::Welcome;
use push_wire_shared::time::Moment;
use uuid::Uuid;

use super::{Attachment, ConnectionWaker, Hub, Notice, lock};

/// What a connection shows to continue a session, and leaves behind to be continued.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SessionCredentials {
    /// Number of the client's attempt to connect, if it counts them.
    pub attempt: Option<u64>,
    /// Secret of the session; the JSON dialect has none.
    pub secret: Option<[u8; 16]>,
    /// SHA-256 of the token that was accepted.
    pub token: Option<[u8; 32]>,
    /// Who the authenticator says this is.
    pub identity: Option<String>,
    /// Whether the connection speaks the JSON dialect.
    pub json: bool,
}

/// A session that a connection now holds.
#[derive(Debug)]
pub struct OpenedSession {
    /// What the client is told.
    pub welcome: Welcome,
    /// Which connection of the session this is; an older one's end changes nothing.
    pub generation: u64,
    /// State that the dialect keeps over the session's connections.
    pub attachment: Arc<Attachment>,
}

/// Why no session could be had.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SessionError {
    /// The client id belongs to a session whose secret or credentials were not shown.
    #[error("this client id belongs to another session")]
    Foreign,
    /// A later attempt of the same client has the session already.
    #[error("a later connection of this client has come before")]
    Late,
    /// There are too many sessions.
    #[error("no room for another session now")]
    Full,
}

/// All sessions of a hub.
pub(super) struct Sessions {
    ttl: Duration,
    limit: usize,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    known: HashMap<Uuid, Session>,
    connected: usize,
    generations: u64,
    swept: Moment,
}

struct Session {
    secret: [u8; 16],
    owner: SessionCredentials,
    generation: u64,
    waker: Option<Arc<ConnectionWaker>>,
    away_since: Moment,
    received: u64,
    rejected: VecDeque<RejectedMessage>,
    attachment: Arc<Attachment>,
}

impl Session {
    fn has_expired(&self, now: Moment, ttl: Duration) -> bool {
        self.waker.is_none() && now.since(self.away_since) > ttl
    }

    /// Attempts are counted by whoever has the secret; another who is let in by its token counts its own.
    fn is_later_than(&self, credentials: &SessionCredentials) -> bool {
        if credentials.secret != Some(self.secret) {
            return false;
        }
        let attempts = self.owner.attempt.zip(credentials.attempt);
        attempts.is_some_and(|(held, claimed)| claimed < held)
    }

    /// Whether these credentials prove the right to go on with this session.
    fn is_continued_by(&self, credentials: &SessionCredentials) -> bool {
        if credentials.secret == Some(self.secret) {
            return true;
        }
        let same =
            credentials.token == self.owner.token && credentials.identity == self.owner.identity;
        let has_credentials = credentials.token.is_some() || credentials.identity.is_some();
        // The JSON dialect has no secret, so there even "no credentials" are the same credentials.
        same && (has_credentials || (credentials.json && self.owner.json))
    }
}

impl Sessions {
    pub(super) fn new(ttl: Duration, limit: usize) -> Self {
        Self {
            ttl,
            limit,
            inner: Mutex::default(),
        }
    }

    pub(super) fn len(&self) -> usize {
        lock(&self.inner).known.len()
    }

    pub(super) fn connected(&self) -> usize {
        lock(&self.inner).connected
    }

    fn open(
        &self,
        now: Moment,
        client: Uuid,
        credentials: SessionCredentials,
        fresh_secret: [u8; 16],
        waker: &Arc<ConnectionWaker>,
    ) -> Result<OpenedSession, SessionError> {
        let mut inner = lock(&self.inner);
        let inner = &mut *inner;
        inner.generations += 1;
        let generation = inner.generations;
        let full = inner.known.len() >= self.limit;
        let session = match inner.known.entry(client) {
            Entry::Occupied(session) if !session.get().is_continued_by(&credentials) => {
                return Err(SessionError::Foreign);
            }
            // The client gave this connection up before the one that it has now: nobody listens on it.
            Entry::Occupied(session) if session.get().is_later_than(&credentials) => {
                return Err(SessionError::Late);
            }
            Entry::Occupied(session) => session.into_mut(),
            Entry::Vacant(_) if full => return Err(SessionError::Full),
            Entry::Vacant(place) => place.insert(Session {
                // A client that chooses the secret can come back even if it never hears the answer.
                secret: credentials.secret.unwrap_or(fresh_secret),
                owner: credentials.clone(),
                generation: 0,
                waker: None,
                away_since: now,
                received: 0,
                rejected: VecDeque::new(),
                attachment: Arc::default(),
            }),
        };
        let resumed = session.generation != 0;
        session.generation = generation;
        session.owner = SessionCredentials {
            secret: None,
            ..credentials
        };
        match session.waker.replace(Arc::clone(waker)) {
            Some(older) => {
                older.notify(Notice::Replaced);
            }
            None => inner.connected += 1,
        }
        let welcome = Welcome {
            secret: session.secret,
            resumed,
            received: session.received,
            rejected: session.rejected.iter().cloned().collect(),
        };
        Ok(OpenedSession {
            welcome,
            generation,
            attachment: Arc::clone(&session.attachment),
        })
    }

    /// Forgets sessions that have been away too long, and names them.
    fn expire(&self, now: Moment) -> Vec<Uuid> {
        let mut inner = lock(&self.inner);
        let expired = inner
            .known
            .iter()
            .filter(|(_, session)| session.has_expired(now, self.ttl));
        let expired: Vec<Uuid> = expired.map(|(client, _)| *client).collect();
        for client in &expired {
            inner.known.remove(client);
        }
        expired
    }

    /// Whether it is time to look for what has expired; at most eight times in a session's life.
    fn is_sweep_due(&self, now: Moment) -> bool {
        let mut inner = lock(&self.inner);
        let due = now.since(inner.swept) > self.ttl / 8;
        if due {
            inner.swept = now;
        }
        due
    }
}

impl Hub {
    /// Begins or continues a client's session on a connection; an older connection of it is told to end.
    ///
    /// # Errors
    /// [`SessionError`]; nothing has changed.
    pub fn open_session(
        &self,
        now: Moment,
        client: Uuid,
        credentials: SessionCredentials,
        waker: &Arc<ConnectionWaker>,
    ) -> Result<OpenedSession, SessionError> {
        self.forget_if_expired(now, client);
        self.sweep(now);
        self.sessions
            .open(now, client, credentials, self.secret(), waker)
    }

    /// A connection of a session has ended; says nothing of a newer one.
    pub fn leave_session(&self, now: Moment, client: Uuid, generation: u64) {
        let mut inner = lock(&self.sessions.inner);
        let Some(session) = inner.known.get_mut(&client) else {
            return;
        };
        if session.generation == generation && session.waker.take().is_some() {
            session.away_since = now;
            inner.connected -= 1;
        }
    }

    /// The client said goodbye: its session and inbox are forgotten now.
    pub fn end_session(&self, client: Uuid, generation: u64) {
        let mut inner = lock(&self.sessions.inner);
        let Some(session) = inner.known.get(&client) else {
            return;
        };
        if session.generation != generation {
            return;
        }
        let connected = session.waker.is_some();
        inner.known.remove(&client);
        inner.connected -= usize::from(connected);
        drop(inner);
        self.remove_inboxes(client);
    }

    /// Takes a client message for its session; says whether the connection still holds the session. A newer
    /// connection was told which messages are taken, and will bring this one again.
    pub(crate) fn take_message(&self, client: Uuid, generation: u64, number: u64) -> bool {
        let mut inner = lock(&self.sessions.inner);
        let session = inner.known.get_mut(&client);
        let Some(session) = session.filter(|session| session.generation == generation) else {
            return false;
        };
        session.received = session.received.max(number);
        true
    }

    /// Remembers a message that was refused: its client may lose the line before it hears so.
    pub(crate) fn note_rejected(&self, client: Uuid, generation: u64, rejection: RejectedMessage) {
        let mut inner = lock(&self.sessions.inner);
        let session = inner.known.get_mut(&client);
        let Some(session) = session.filter(|session| session.generation == generation) else {
            return;
        };
        if session.rejected.len() == REJECTIONS {
            session.rejected.pop_front();
        }
        // Also one that never came to `take_message`, on a channel that there is not: its number is used up.
        session.received = session.received.max(rejection.number);
        session.rejected.push_back(rejection);
    }

    /// Whether a client has a session, connected or away.
    #[must_use]
    pub fn knows(&self, now: Moment, client: Uuid) -> bool {
        let inner = lock(&self.sessions.inner);
        let ttl = self.sessions.ttl;
        inner
            .known
            .get(&client)
            .is_some_and(|session| !session.has_expired(now, ttl))
    }

    /// Ids of the clients that are connected.
    #[must_use]
    pub fn connected(&self) -> Vec<Uuid> {
        let inner = lock(&self.sessions.inner);
        let connected = inner
            .known
            .iter()
            .filter(|(_, session)| session.waker.is_some());
        connected.map(|(client, _)| *client).collect()
    }

    /// Leaves a notice with a connected client; says whether it is connected and had room.
    pub fn notify(&self, client: Uuid, notice: Notice) -> bool {
        let waker = lock(&self.sessions.inner)
            .known
            .get(&client)
            .and_then(|s| s.waker.clone());
        waker.is_some_and(|waker| waker.notify(notice))
    }

    fn forget_if_expired(&self, now: Moment, client: Uuid) {
        let mut inner = lock(&self.sessions.inner);
        let ttl = self.sessions.ttl;
        if inner
            .known
            .get(&client)
            .is_some_and(|session| session.has_expired(now, ttl))
        {
            inner.known.remove(&client);
            drop(inner);
            self.remove_inboxes(client);
        }
    }

    /// Forgets what has expired, when it is time to look.
    pub(super) fn sweep(&self, now: Moment) {
        if self.sessions.is_sweep_due(now) {
            self.sessions
                .expire(now)
                .into_iter()
                .for_each(|client| self.remove_inboxes(client));
            self.streams.sweep(now, |client| self.knows(now, client));
        }
    }

    fn remove_inboxes(&self, client: Uuid) {
        for channel in self.session_config.channels.channels() {
            self.streams.remove(&StreamKey {
                channel: channel.id,
                scope: Scope::Inbox(client),
            });
        }
    }
}
