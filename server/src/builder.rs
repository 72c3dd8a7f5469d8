//! Sets up a server.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use push_wire_broker::Broker;
use push_wire_shared::ChannelKind;
use push_wire_shared::channel::{Channel, ChannelMode, ChannelTable};
use uuid::Uuid;

use crate::auth::{AnyAuthenticator, AuthError, AuthValidator, Authenticator, ByValidator};
use crate::compression::SetDictionaryError;
use crate::hub::{Hub, HubConfig};
use crate::{ChannelPolicy, Limits, PushServer};

/// Sets up a [`PushServer`]; every setting has a default.
pub struct PushServerBuilder<C: ChannelKind> {
    config: HubConfig,
    policies: Vec<(C, ChannelPolicy)>,
    dictionaries: Vec<(C, Vec<u8>)>,
    authenticator: Arc<dyn AnyAuthenticator<C>>,
    broker: Option<Arc<dyn Broker>>,
    path: String,
}

impl<C: ChannelKind> fmt::Debug for PushServerBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            config,
            policies,
            path,
            ..
        } = self;
        f.debug_struct("PushServerBuilder")
            .field("config", config)
            .field("policies", policies)
            .field("path", path)
            .finish_non_exhaustive()
    }
}

/// Why a server cannot be set up this way.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The system channel carries control ops, so it has no policy.
    #[error("channel {0:?} is the system channel: it keeps no entries and takes no policy")]
    SystemPolicy(&'static str),
    /// Two channels have the same wire id.
    #[error("channels {0:?} and {1:?} have the same wire id")]
    SameId(String, String),
    /// Two channels have the same name.
    #[error("two channels are named {0:?}")]
    SameName(String),
    /// Not exactly one channel is the system channel.
    #[error("exactly one channel must be the system channel, not {0}")]
    SystemChannels(usize),
    /// The path is not one that a router takes.
    #[error("path {0:?} must begin with '/' and have no braces, query or white space")]
    Path(String),
    /// A dictionary is not one that the channel can use.
    #[error("the dictionary of channel {0:?}: {1}")]
    Dictionary(&'static str, SetDictionaryError),
    /// A time or limit of zero would end every connection at once.
    #[error("{0} must be more than zero")]
    Zero(&'static str),
}

impl<C: ChannelKind> PushServerBuilder<C> {
    pub(crate) fn new() -> Self {
        Self {
            config: HubConfig::new(ChannelTable::of::<C>()),
            policies: Vec::new(),
            dictionaries: Vec::new(),
            authenticator: Arc::new(ByValidator::<C>(Arc::new(|_, _, _| Ok(())))),
            broker: None,
            path: "/rps".into(),
        }
    }

    /// What a channel's streams are and how long they keep entries; default [`ChannelPolicy::log`].
    #[must_use]
    pub fn channel(mut self, channel: C, policy: ChannelPolicy) -> Self {
        self.policies.push((channel, policy));
        self
    }

    /// A compression dictionary that the channel has from the start, as
    /// [`set_dictionary`](PushServer::set_dictionary) gives it later; default: trained from live traffic, as the
    /// channel's policy says.
    #[must_use]
    pub fn dictionary(mut self, channel: C, bytes: impl Into<Vec<u8>>) -> Self {
        self.dictionaries.push((channel, bytes.into()));
        self
    }

    /// What clients can make the server hold.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.config.limits = limits;
        self
    }

    /// Time a connection has to send `auth` and be let in; default 10 s.
    #[must_use]
    pub fn handshake(mut self, time: Duration) -> Self {
        self.config.session.handshake = time;
        self
    }

    /// Time between heartbeats; default 15 s. It is also the longest time that the loss of a stream's last entry
    /// can go unnoticed; proxies drop connections that are silent for 30 to 60 s.
    #[must_use]
    pub fn heartbeat(mut self, time: Duration) -> Self {
        self.config.session.heartbeat = time;
        self
    }

    /// Time that a client may be silent after a heartbeat before its connection is given up; default 10 s.
    #[must_use]
    pub fn heartbeat_grace(mut self, time: Duration) -> Self {
        self.config.session.heartbeat_grace = time;
        self
    }

    /// Time that a session outlives its connection, with its inbox; default 2 minutes.
    #[must_use]
    pub fn session_ttl(mut self, time: Duration) -> Self {
        self.config.session_ttl = time;
        self
    }

    /// Path of the WebSocket; default `/rps`.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Lets in whom this callback accepts, as [`AuthValidator`] says; default: everyone.
    #[must_use]
    pub fn auth_validator<F>(self, validator: F) -> Self
    where
        F: Fn(Uuid, Option<&str>, &[C]) -> Result<(), AuthError> + Send + Sync + 'static,
    {
        self.shared_auth_validator(Arc::new(validator))
    }

    pub(crate) fn shared_auth_validator(self, validator: AuthValidator<C>) -> Self {
        self.authenticator(ByValidator(validator))
    }

    /// Lets in whom the authenticator accepts, with the rights that it grants; default: everyone, with all
    /// rights.
    #[must_use]
    pub fn authenticator(mut self, authenticator: impl Authenticator<C>) -> Self {
        self.authenticator = Arc::new(authenticator);
        self
    }

    /// Keeps the logs with this broker; default: in memory.
    #[must_use]
    pub fn broker(mut self, broker: Arc<dyn Broker>) -> Self {
        self.broker = Some(broker);
        self
    }

    /// The server.
    ///
    /// # Errors
    /// [`BuildError`] says which setting cannot be.
    pub fn build(self) -> Result<Arc<PushServer<C>>, BuildError> {
        self.build_server().map(Arc::new)
    }

    pub(crate) fn build_server(mut self) -> Result<PushServer<C>, BuildError> {
        check_channels(self.config.session.channels.channels())?;
        check_path(&self.path)?;
        self.check_zeros()?;
        for (channel, policy) in self.policies {
            if channel.is_system() {
                return Err(BuildError::SystemPolicy(channel.name()));
            }
            self.config.set_policy(channel.wire_id(), policy);
        }
        let random = Arc::new(random);
        let hub = match self.broker {
            Some(broker) => Hub::with_broker(self.config, random, broker),
            None => Hub::new(self.config, random),
        };
        for (channel, bytes) in self.dictionaries {
            let given = hub.set_dictionary(channel.wire_id(), bytes);
            given.map_err(|fault| BuildError::Dictionary(channel.name(), fault))?;
        }
        Ok(PushServer::from_parts(hub, self.authenticator, self.path))
    }

    fn check_zeros(&self) -> Result<(), BuildError> {
        let session = &self.config.session;
        let limits = &self.config.limits;
        let zeros = [
            ("handshake", session.handshake.is_zero()),
            ("heartbeat", session.heartbeat.is_zero()),
            ("heartbeat_grace", session.heartbeat_grace.is_zero()),
            ("limits.message_bytes", limits.message_bytes == 0),
            ("limits.batch_bytes", limits.batch_bytes == 0),
            ("limits.entry_bytes", limits.entry_bytes == 0),
            ("limits.fragment_bytes", limits.fragment_bytes == 0),
            ("limits.sessions", limits.sessions == 0),
            ("limits.stall", limits.stall.is_zero()),
        ];
        match zeros.into_iter().find(|(_, is_zero)| *is_zero) {
            Some((name, _)) => Err(BuildError::Zero(name)),
            None => Ok(()),
        }
    }
}

/// What the derive checks when it compiles; an implementation by hand is checked here.
fn check_channels(channels: &[Channel]) -> Result<(), BuildError> {
    for (index, channel) in channels.iter().enumerate() {
        let earlier = &channels[..index];
        if let Some(other) = earlier.iter().find(|other| other.id == channel.id) {
            return Err(BuildError::SameId(other.name.clone(), channel.name.clone()));
        }
        if earlier.iter().any(|other| other.name == channel.name) {
            return Err(BuildError::SameName(channel.name.clone()));
        }
    }
    match channels
        .iter()
        .filter(|channel| channel.mode == ChannelMode::System)
        .count()
    {
        1 => Ok(()),
        count => Err(BuildError::SystemChannels(count)),
    }
}

fn check_path(path: &str) -> Result<(), BuildError> {
    let forbidden = |c: char| c.is_whitespace() || matches!(c, '{' | '}' | '?' | '#' | '*');
    if path.starts_with('/') && !path.contains(forbidden) {
        Ok(())
    } else {
        Err(BuildError::Path(path.into()))
    }
}

/// Secrets and epochs must not be guessed: a machine without random numbers cannot serve.
fn random() -> u64 {
    getrandom::u64().expect("the operating system gives random numbers")
}
