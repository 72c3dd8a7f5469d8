//! Inside one process: the sessions, the streams, and who reads what.
//!
//! The hub knows channel ids and streams. It sees no socket, and decides nothing about what leaves on one: a
//! publish appends to a log, and the log's news subscriber the readers (see `outbox`).

mod attachment;
mod counters;
mod publish;
mod sessions;
mod stream;
mod streams;
mod waker;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use attachment::Attachment;
use bytes::Bytes;
pub use counters::{Counters, Stats};
pub use publish::{HubSendError, PublishError};
use push_wire_broker::{Broker, Memory};
use push_wire_shared::channel::ChannelTable;
use push_wire_shared::limits::SESSION_TTL;
use push_wire_shared::session::server::ServerConfig;
use sessions::Sessions;
pub use sessions::{OpenedSession, SessionCredentials, SessionError};
pub(crate) use stream::Stream;
use streams::Streams;
pub(crate) use waker::Subscriber;
pub use waker::{ConnectionWaker, Notice};

use crate::compression::{Background, Dictionaries, SetDictionaryError};
use crate::limits::Limits;
use crate::policy::ChannelPolicy;

/// Where epochs and secrets come from: the operating system in a server, a seed in a simulation.
pub type Random = Arc<dyn Fn() -> u64 + Send + Sync>;

/// How a hub is set up.
#[derive(Clone, Debug)]
pub struct HubConfig {
    /// What every connection is told.
    pub session: ServerConfig,
    /// Policies by channel id; a channel without one is a log.
    pub policies: Vec<(u8, ChannelPolicy)>,
    /// Bounds of what clients can make the hub hold.
    pub limits: Limits,
    /// Time that a session outlives its connection.
    pub session_ttl: Duration,
    /// Where dictionaries are trained.
    pub background: Background,
}

impl HubConfig {
    /// The defaults, for these channels.
    #[must_use]
    pub fn new(channels: ChannelTable) -> Self {
        Self {
            session: ServerConfig::new(channels),
            policies: Vec::new(),
            limits: Limits::default(),
            session_ttl: SESSION_TTL,
            background: Background::default(),
        }
    }

    /// Sets a channel's policy, and tells clients its mode.
    pub fn set_policy(&mut self, channel: u8, policy: ChannelPolicy) {
        self.policies.retain(|(id, _)| *id != channel);
        self.policies.push((channel, policy));
        self.session.channels.set_mode(channel, policy.mode());
    }
}

/// The sessions and streams of one process.
pub struct Hub {
    session_config: Arc<ServerConfig>,
    system: u8,
    limits: Limits,
    random: Random,
    sessions: Sessions,
    streams: Streams,
    dictionaries: Arc<Dictionaries>,
    counters: Counters,
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
        let epochs = Arc::clone(&random);
        let broker = Arc::new(Memory::new(move || epochs()));
        Self::with_broker(config, random, broker)
    }

    /// A hub whose logs this broker keeps.
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
        let streams = Streams::new(broker, &session.channels, &policies, limits.streams);
        let dictionaries = Dictionaries::new(streams.policies(), background);
        Arc::new(Self {
            sessions: Sessions::new(session_ttl, limits.sessions),
            streams,
            dictionaries: Arc::new(dictionaries),
            session_config: Arc::new(session),
            system,
            limits,
            random,
            counters: Counters::default(),
        })
    }

    /// What every connection is told.
    #[must_use]
    pub fn session_config(&self) -> &Arc<ServerConfig> {
        &self.session_config
    }

    /// The channels.
    #[must_use]
    pub fn channels(&self) -> &ChannelTable {
        &self.session_config.channels
    }

    /// Wire id of the system channel.
    #[must_use]
    pub const fn system_channel(&self) -> u8 {
        self.system
    }

    /// Bounds of what clients can make the hub hold.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The dictionaries of the channels.
    pub(crate) fn dictionaries(&self) -> &Dictionaries {
        &self.dictionaries
    }

    /// Gives a channel a dictionary, whose readers move over to it while they stay connected.
    ///
    /// # Errors
    /// [`SetDictionaryError`]; nothing has changed.
    pub fn set_dictionary(&self, channel: u8, bytes: Vec<u8>) -> Result<(), SetDictionaryError> {
        self.dictionaries.give(channel, bytes)
    }

    /// The bytes of a dictionary in use, by their SHA-256: what clients fetch.
    #[must_use]
    pub fn dictionary(&self, sha256: &[u8; 32]) -> Option<Bytes> {
        Some(self.dictionaries.by_hash(sha256)?.bytes().clone())
    }

    /// What has happened so far.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// A picture of the hub now.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.counters.stats(
            self.sessions.connected(),
            self.sessions.len(),
            self.streams.len(),
            self.dictionaries.issued(),
        )
    }

    fn secret(&self) -> [u8; 16] {
        let mut secret = [0; 16];
        let (low, high) = secret.split_at_mut(8);
        low.copy_from_slice(&(self.random)().to_le_bytes());
        high.copy_from_slice(&(self.random)().to_le_bytes());
        secret
    }
}

/// Locks; holders here never call out while they hold a lock, so what a panicking thread left is whole.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
