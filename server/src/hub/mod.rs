//! Sessions, streams and their readers within one process.
//!
//! The hub works on channel ids and streams. It uses no socket, and does not decide what is sent: a publish
//! appends to a log, and the log wakes the readers (see `outbox`).
//!
//! Locks are taken in this order: sessions, streams, shares. Publishing takes no lock of the sessions.

mod attachment;
mod config;
mod counters;
mod observer;
mod posts;
mod publish;
mod session;
mod sessions;
mod shares;
mod stream;
mod streams;
#[cfg(test)]
mod tests;
mod waker;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

pub(crate) use attachment::Attachment;
use bytes::Bytes;
pub use config::HubConfig;
pub(crate) use counters::Counters;
pub use counters::Stats;
pub(crate) use observer::Observer;
#[cfg(feature = "rtc")]
pub(crate) use observer::SessionObserver;
pub use posts::{AnswerKind, OpAnswer, Post, PostAnswer, PostError, PostProof, Reply};
pub use publish::{HubSendError, PublishError};
use publish::{Publisher, publish_error};
use push_wire_broker::{AppendError, Broker, Memory, Record};
use push_wire_shared::channel::ChannelTable;
use push_wire_shared::hidden::Hidden;
use push_wire_shared::position::{Position, Scope, StreamKey};
use push_wire_shared::session::op::RejectedMessage;
use push_wire_shared::session::server::ServerConfig;
use push_wire_shared::time::{Moment, sooner};
pub(crate) use session::SessionCredentials;
use sessions::Sessions;
pub(crate) use sessions::{NotifyError, OpenedSession, SessionError};
use shares::Shares;
pub(crate) use shares::{LimitError, Owner};
pub(crate) use stream::{OpenStream, Stream};
pub(crate) use streams::OpenError;
use streams::{Creator, Streams};
use uuid::Uuid;
pub(crate) use waker::{ConnectionWaker, Notice, PostCheck, Subscriber};

use crate::auth::{Grant, Revocation, Revocations, RevokeError};
use crate::compression::{Dictionaries, SetDictionaryError};
use crate::limits::{Limits, RETURN_SPREAD};
use crate::rate::{Load, Wait};

/// Largest number of sessions, and of streams, that one run of the upkeep removes (256), so that it holds a lock for
/// well below a millisecond.
const UPKEEP_BATCH: usize = 256;

/// Longest time between two runs of the upkeep (10 s): expired sessions and streams take memory for up to this much
/// longer.
const UPKEEP_PERIOD: Duration = Duration::from_secs(10);

/// Source of epochs and secrets: the operating system in a server, a seed in a simulation.
pub type Random = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The sessions and streams of one process.
///
/// Expired sessions and idle streams are removed by [`upkeep`](Self::upkeep) only, which the owner of a hub calls when
/// it is due.
pub struct Hub {
    config: Arc<ServerConfig>,
    system: u8,
    limits: Limits,
    session_ttl: Duration,
    random: Random,
    sessions: Sessions,
    streams: Arc<Streams>,
    shares: Arc<Shares>,
    publisher: Publisher,
    dictionaries: Arc<Dictionaries>,
    counters: Arc<Counters>,
    revocations: Revocations,
    observer: Observer,
    draining: AtomicBool,
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub")
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}

impl Hub {
    /// A hub whose logs are in memory.
    #[must_use]
    pub fn new(config: HubConfig, random: Random) -> Arc<Self> {
        let drawn = Arc::clone(&random);
        let broker = Arc::new(Memory::new(move || drawn()));
        Self::with_broker(config, random, broker)
    }

    /// A hub with the logs of this broker.
    #[must_use]
    pub fn with_broker(config: HubConfig, random: Random, broker: Arc<dyn Broker>) -> Arc<Self> {
        let HubConfig {
            mut session,
            policies,
            limits,
            session_ttl,
            background,
        } = config;
        session.max_message_bytes = limits.message_bytes;
        session.max_subscriptions = limits.subscriptions;
        let system = session.channels.system().map_or(0, |channel| channel.id);
        let shares = Shares::new(limits.clone());
        let streams = Streams::new(
            broker,
            &session.channels,
            &policies,
            limits.streams,
            Arc::clone(&shares),
        );
        let config = Arc::new(session);
        let dictionaries = Dictionaries::new(&config.channels, streams.policies(), background);
        let dictionaries = Arc::new(dictionaries);
        let counters = Arc::<Counters>::default();
        Arc::new(Self {
            sessions: Sessions::new(
                session_ttl,
                limits.sessions,
                Arc::clone(&shares),
                Arc::clone(&streams),
            ),
            shares,
            publisher: Publisher {
                config: Arc::clone(&config),
                entry_bytes: limits.entry_bytes,
                streams: Arc::clone(&streams),
                dictionaries: Arc::clone(&dictionaries),
                counters: Arc::clone(&counters),
            },
            config,
            system,
            limits,
            session_ttl,
            random,
            streams,
            dictionaries,
            counters,
            revocations: Revocations::default(),
            observer: Observer::default(),
            draining: AtomicBool::new(false),
        })
    }

    /// Settings of the sessions of all connections.
    #[must_use]
    pub(crate) fn session_config(&self) -> &Arc<ServerConfig> {
        &self.config
    }

    /// The channels.
    #[must_use]
    pub fn channels(&self) -> &ChannelTable {
        &self.config.channels
    }

    /// Wire id of the system channel.
    #[must_use]
    pub(crate) const fn system_channel(&self) -> u8 {
        self.system
    }

    /// Limits of the memory and work that clients can take.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The dictionaries of the channels.
    pub(crate) fn dictionaries(&self) -> &Dictionaries {
        &self.dictionaries
    }

    /// Sets a channel's dictionary; its readers change to it without reconnecting.
    ///
    /// # Errors
    /// [`SetDictionaryError`]; nothing has changed.
    pub fn set_dictionary(&self, channel: u8, bytes: Vec<u8>) -> Result<(), SetDictionaryError> {
        self.dictionaries.give(channel, bytes)
    }

    /// The bytes of a dictionary in use, by their SHA-256, as clients fetch them.
    #[must_use]
    pub fn dictionary(&self, sha256: &[u8; 32]) -> Option<Bytes> {
        Some(self.dictionaries.by_hash(sha256)?.bytes().clone())
    }

    /// Place of the observer of the sessions.
    pub(crate) const fn observer(&self) -> &Observer {
        &self.observer
    }

    /// Returns the counters.
    #[must_use]
    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Returns the numbers of what the hub holds now, and the counters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.counters.stats(
            self.sessions.connected(),
            self.sessions.len(),
            self.streams.len(),
            self.dictionaries.issued(),
        )
    }

    /// Begins or continues a client's session on a connection; an older connection of the session is closed.
    ///
    /// # Errors
    /// [`SessionError`]; nothing has changed.
    pub(crate) fn open_session(
        &self,
        now: Moment,
        client: Uuid,
        credentials: SessionCredentials,
        waker: &Arc<ConnectionWaker>,
    ) -> Result<OpenedSession, SessionError> {
        if self.sessions.end_before(now, client, &credentials) {
            self.observer.ended(client);
        }
        self.sessions
            .open(now, client, credentials, self.secret(), waker)
    }

    /// Records that a connection of a session has ended; changes nothing if a newer one holds the session.
    pub(crate) fn leave_session(&self, now: Moment, client: Uuid, generation: u64) {
        if self.sessions.leave(now, client, generation) {
            self.observer.left(client);
        }
    }

    /// Removes the session of a client that sent `goodbye`, and its inboxes.
    pub(crate) fn end_session(&self, client: Uuid, generation: u64) {
        if self.sessions.end_held(client, generation) {
            self.observer.ended(client);
        }
    }

    /// Records a client message as taken by its session. Returns false if the connection does not hold the session any
    /// more.
    pub(crate) fn take_message(&self, client: Uuid, generation: u64, number: u64) -> bool {
        self.sessions.take_message(client, generation, number)
    }

    /// Records the SHA-256 of the token with which a client has renewed its grant.
    pub(crate) fn note_token(&self, client: Uuid, generation: u64, token: Hidden<[u8; 32]>) {
        self.sessions.note_token(client, generation, token);
    }

    /// Records a refused message, to be reported again after a reconnect.
    pub(crate) fn note_rejected(&self, client: Uuid, generation: u64, rejection: RejectedMessage) {
        self.sessions.note_rejected(client, generation, rejection);
    }

    /// Returns whether a client has a session, connected or not.
    #[cfg(any(feature = "rtc", feature = "__internals"))]
    #[must_use]
    pub fn knows(&self, now: Moment, client: Uuid) -> bool {
        self.sessions.knows(now, client)
    }

    /// Returns whether a client is connected.
    #[cfg(feature = "rtc")]
    pub(crate) fn is_connected(&self, client: Uuid) -> bool {
        self.sessions.is_connected(client)
    }

    /// Ids of the clients that are connected, in no order.
    #[must_use]
    pub fn connected(&self) -> Vec<Uuid> {
        self.sessions.connected_ids()
    }

    /// Identities of the clients that are connected, each with its clients.
    pub(crate) fn connected_identities(&self) -> HashMap<String, Vec<Uuid>> {
        self.sessions.connected_identities()
    }

    /// Queues a notice for a connected client.
    ///
    /// # Errors
    /// [`NotifyError`]; no notice was added.
    pub(crate) fn notify(&self, client: Uuid, notice: Notice) -> Result<(), NotifyError> {
        self.sessions.notify(client, notice)
    }

    /// Returns whether a client may POST messages to its connection.
    ///
    /// # Errors
    /// [`PostError`]: the reason for which it may not.
    pub(crate) fn may_post(&self, client: Uuid, proof: &PostProof) -> Result<(), PostError> {
        self.sessions.connection(client, proof).map(|_| ())
    }

    /// Begins the check of a POST's credentials by the authenticator; `None` if the client's POSTs are not proved by the
    /// identity of its session.
    ///
    /// # Errors
    /// [`PostError::Busy`] if as many checks run for the connection as may.
    pub(crate) fn begin_post_check(&self, client: Uuid) -> Result<Option<PostCheck>, PostError> {
        let connection = self.sessions.connection_by_identity(client);
        connection.map(PostCheck::begin).transpose()
    }

    /// Passes a message that a client POSTs to its connection.
    ///
    /// # Errors
    /// [`PostError`]; the message was not taken.
    pub fn post(&self, client: Uuid, proof: PostProof, post: Post) -> Result<(), PostError> {
        self.sessions.connection(client, &proof)?.post(post)
    }

    /// Ends all connections, now and later ones, with 4100: each once it has handled what it has received.
    pub fn drain(&self) {
        // Set first: a client is either connected already, or sees it when its session opens.
        self.draining.store(true, Ordering::SeqCst);
        self.sessions.notify_all(&Notice::Draining);
    }

    /// Keeps a revocation, and asks all connections whether it concerns them.
    ///
    /// # Errors
    /// [`RevokeError`]; nothing has changed.
    pub fn revoke(&self, now: SystemTime, revocation: Revocation) -> Result<(), RevokeError> {
        // Kept first: a client is either connected already, or finds it when its session opens.
        self.revocations.add(now, revocation)?;
        self.sessions.notify_all(&Notice::Revoked);
        self.observer.revoked();
        Ok(())
    }

    /// Returns whether the credentials of a client are revoked.
    #[must_use]
    pub(crate) fn is_revoked(&self, client: Uuid, grant: &Grant) -> bool {
        self.revocations.cover(client, grant)
    }

    /// Returns the number of revocations so far.
    #[must_use]
    pub(crate) fn revocations(&self) -> u64 {
        self.revocations.added()
    }

    /// Returns whether [`drain`](Self::drain) has been called.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// Delay after which a client comes back when the server has ended: at random, so that not all come at once.
    pub(crate) fn return_delay(&self) -> Duration {
        let spread = u64::try_from(RETURN_SPREAD.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis((self.random)() % spread)
    }

    /// Takes what a client sends from the rates of its owner. Returns the wait that it causes, if the owner has rates.
    pub(crate) fn charge(&self, now: Moment, owner: &Owner, load: Load) -> Option<Wait> {
        self.shares.charge(now, owner, load)
    }

    /// Takes a request that reached no session from the rates of its network.
    pub(crate) fn charge_request(&self, now: Moment, owner: &Owner, load: Load) {
        self.shares.charge_request(now, owner, load);
    }

    /// Time for which requests of a network are refused, because it has sent more than its rates.
    pub(crate) fn refused_for(&self, now: Moment, owner: &Owner) -> Option<Duration> {
        let until = self.shares.owes_until(now, owner)?;
        Some(until.since(now)).filter(|wait| !wait.is_zero())
    }

    /// The stream that a session of this owner subscribes to, created if there is none.
    pub(crate) fn open_stream(
        &self,
        now: Moment,
        key: &StreamKey,
        owner: &Owner,
    ) -> Result<OpenStream, OpenError> {
        if let Scope::Inbox(client) = key.scope {
            let inbox = self.sessions.inbox(now, client, key.channel);
            return inbox.unwrap_or(Err(OpenError::NoSession));
        }
        self.streams.open(key, Creator::Session(owner))
    }

    /// Appends an entry to a stream and wakes its readers.
    ///
    /// # Errors
    /// [`PublishError`]; nothing was appended.
    pub fn publish(
        &self,
        now: Moment,
        key: &StreamKey,
        record: Record,
    ) -> Result<Position, PublishError> {
        self.publisher.publish(now, key, record)
    }

    /// Appends an entry to a client's inbox, where it waits while the client is away.
    ///
    /// # Errors
    /// [`HubSendError`]; nothing was appended.
    pub fn send(
        &self,
        now: Moment,
        client: Uuid,
        channel: u8,
        record: Record,
    ) -> Result<Position, HubSendError> {
        let unknown = HubSendError::UnknownClient(client);
        let scope = Scope::Inbox(client);
        let key = StreamKey { channel, scope };
        if let Err(error) = self.publisher.check(&key, &record) {
            // An unknown client is reported before other errors.
            let is_known = self.sessions.knows(now, client);
            return Err(if is_known { error.into() } else { unknown });
        }
        let Some(inbox) = self.sessions.inbox(now, client, channel) else {
            return Err(unknown);
        };
        let inbox = inbox.map_err(|error| publish_error(&key, error))?;
        match self.publisher.append(now, &inbox, record) {
            // The session ended in the meantime.
            Err(PublishError::Broker(AppendError::Removed)) => Err(unknown),
            result => Ok(result?),
        }
    }

    /// Removes sessions whose time is over, and streams that nobody reads and that hold nothing. Each call does a
    /// bounded amount of work, proportional to what it removes. Returns the time of the next call: `now`, if there is
    /// more to do.
    pub fn upkeep(&self, now: Moment) -> Moment {
        self.shares.upkeep(now);
        let (ended, next) = self.sessions.upkeep(now);
        for client in ended {
            self.observer.ended(client);
        }
        let next = sooner(next, self.streams.upkeep(now));
        let latest = now + UPKEEP_PERIOD.min(self.session_ttl);
        next.map_or(latest, |next| next.max(now).min(latest))
    }

    fn secret(&self) -> Hidden<[u8; 16]> {
        let mut secret = [0; 16];
        let (low, high) = secret.split_at_mut(8);
        low.copy_from_slice(&(self.random)().to_le_bytes());
        high.copy_from_slice(&(self.random)().to_le_bytes());
        Hidden(secret)
    }
}

/// Lookups for simulations.
#[cfg(feature = "__internals")]
impl Hub {
    /// Number of connections that read a stream; `None` if there is no such stream.
    #[must_use]
    pub fn readers(&self, key: &StreamKey) -> Option<usize> {
        self.streams.readers(key)
    }
}

/// Locks a mutex, also after a panic: no holder here calls other code, so the state is consistent.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
