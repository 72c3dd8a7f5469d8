//! [`PushServerBuilder`]: the settings of a server.

mod checks;
mod error;
mod origins;
mod path;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use error::BuildError;
use ipnet::IpNet;
use push_wire_broker::Broker;
use push_wire_shared::ChannelKind;
use push_wire_shared::channel::ChannelTable;
use uuid::Uuid;

use crate::admission::{Admission, Exempt, ForwardedHeader, Proxies};
use crate::auth::{AnyAuthenticator, AuthError, AuthValidator, Authenticator, ByValidator};
use crate::hub::{Hub, HubConfig};
use crate::{ChannelPolicy, Limits, PushServer};

/// Settings of a [`PushServer`]. Each has a default, and [`build`](Self::build) refuses a value that cannot work.
pub struct PushServerBuilder<C: ChannelKind> {
    config: HubConfig,
    policies: Vec<(C, ChannelPolicy)>,
    dictionaries: Vec<(C, Vec<u8>)>,
    authenticator: Option<Arc<dyn AnyAuthenticator<C>>>,
    broker: Option<Arc<dyn Broker>>,
    path: String,
    proxies: Proxies,
    exempt: Exempt,
    allowed_origins: Vec<String>,
    allowed_hosts: Option<Vec<String>>,
}

impl<C: ChannelKind> fmt::Debug for PushServerBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            config,
            policies,
            path,
            proxies,
            exempt,
            allowed_origins,
            allowed_hosts,
            ..
        } = self;
        f.debug_struct("PushServerBuilder")
            .field("config", config)
            .field("policies", policies)
            .field("path", path)
            .field("proxies", proxies)
            .field("exempt", exempt)
            .field("allowed_origins", allowed_origins)
            .field("allowed_hosts", allowed_hosts)
            .finish_non_exhaustive()
    }
}

impl<C: ChannelKind> PushServerBuilder<C> {
    pub(crate) fn new() -> Self {
        Self {
            config: HubConfig::new(ChannelTable::of::<C>()),
            policies: Vec::new(),
            dictionaries: Vec::new(),
            authenticator: None,
            broker: None,
            path: "/rps".into(),
            proxies: Proxies::default(),
            exempt: Exempt::default(),
            allowed_origins: Vec::new(),
            allowed_hosts: None,
        }
    }

    /// Sets the policy of a channel: mode, retention and compression; default [`ChannelPolicy::log`].
    #[must_use]
    pub fn channel(mut self, channel: C, policy: ChannelPolicy) -> Self {
        self.policies.push((channel, policy));
        self
    }

    /// A compression dictionary that the channel has from the start, like one set later with
    /// [`set_dictionary`](PushServer::set_dictionary); default: trained from live traffic, if the channel's policy
    /// enables it.
    #[must_use]
    pub fn dictionary(mut self, channel: C, bytes: impl Into<Vec<u8>>) -> Self {
        self.dictionaries.push((channel, bytes.into()));
        self
    }

    /// Sets the limits of the memory and work that clients can take; defaults and allowed values: [`Limits`].
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.config.limits = limits;
        self
    }

    /// Proxies before the server that name the client's address in this header, and the host that it asked for if they ask
    /// for another one; default none: the address of the other end of the socket and the request's own host count. A
    /// connection from any other address is not asked for the header. Of a WebSocket the host is read if the router is
    /// served by [`serve`](crate::serve), or with the address of the other end in its requests (`ConnectInfo`).
    #[must_use]
    pub fn trusted_proxies(
        mut self,
        header: ForwardedHeader,
        networks: impl IntoIterator<Item = IpNet>,
    ) -> Self {
        self.proxies = Proxies {
            networks: networks.into_iter().collect(),
            header,
        };
        self
    }

    /// Networks of clients to which no limit per address applies; default loopback (127.0.0.0/8 and ::1), where tests and
    /// proxies are. A proxy elsewhere is exempt only if it is named here.
    #[must_use]
    pub fn exempt_addresses(mut self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        self.exempt = Exempt(networks.into_iter().collect());
        self
    }

    /// Origins whose pages may connect, besides the server's own, with cookies and `Authorization` too; default none. Each
    /// is `scheme://host[:port]`, or `scheme://*.host[:port]` for all names below the host (docs/auth.md).
    ///
    /// A request with an `Origin` of another host or port than its own is refused with 403 if it carries cookies or
    /// `Authorization`, or if there is no authenticator. Two hosts on the user's machine (`localhost`, 127.0.0.0/8, `[::1]`)
    /// count as the same one. Requests without `Origin`, which browsers send with each WebSocket, pass, unless the browser
    /// states in `Sec-Fetch-Site` that the page is of another origin.
    #[must_use]
    pub fn allowed_origins<O: Into<String>>(
        mut self,
        origins: impl IntoIterator<Item = O>,
    ) -> Self {
        self.allowed_origins = origins.into_iter().map(Into::into).collect();
        self
    }

    /// Names by which browsers may ask for the server; default: every name. Each is a name without a port, or `*.` and a
    /// name for all names below it. Addresses, `localhost` and the names below it pass always; a request for another host is
    /// refused with 403.
    ///
    /// With the list, a page of an attacker's name that leads to the server's address (DNS rebinding) does not reach the
    /// server. A server without authenticator that is not on the public internet needs it (docs/auth.md). Of a request through
    /// a trusted proxy, the name by which the proxy asks has to be listed as well as that for which it was asked.
    #[must_use]
    pub fn allowed_hosts<H: Into<String>>(mut self, hosts: impl IntoIterator<Item = H>) -> Self {
        self.allowed_hosts = Some(hosts.into_iter().map(Into::into).collect());
        self
    }

    /// Time that a connection has to send `auth` and be authenticated, and limit of each later check of its token; default
    /// 10 s, 1 ms to 24 h. A renewed token that is not checked in this time counts as unavailable.
    #[must_use]
    pub fn handshake(mut self, time: Duration) -> Self {
        self.config.session.handshake = time;
        self
    }

    /// Time between heartbeats; default 15 s, 1 ms to 24 h. It is also the longest time that the loss of a stream's
    /// last entry can go unnoticed; proxies drop connections that are silent for 30 to 60 s.
    #[must_use]
    pub fn heartbeat(mut self, time: Duration) -> Self {
        self.config.session.heartbeat = time;
        self
    }

    /// Time that a client may be silent after a heartbeat before its connection is given up; default 10 s, 1 ms to 24 h.
    #[must_use]
    pub fn heartbeat_grace(mut self, time: Duration) -> Self {
        self.config.session.heartbeat_grace = time;
        self
    }

    /// Time that a session outlives its connection, with its inbox; default 2 minutes, 1 ms to 365 days.
    #[must_use]
    pub fn session_ttl(mut self, time: Duration) -> Self {
        self.config.session_ttl = time;
        self
    }

    /// Path of the WebSocket; default `/rps`. It begins with `/`; its segments are neither empty nor `.` nor `..`, do
    /// not begin with `:`, and consist of ASCII letters, digits and `-._~!$&'()+,;=@:`.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Accepts the clients that this callback accepts ([`AuthValidator`]); default: all.
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

    /// Accepts the clients that the authenticator accepts, with its grants; default: all, with all
    /// rights.
    #[must_use]
    pub fn authenticator(mut self, authenticator: impl Authenticator<C>) -> Self {
        self.authenticator = Some(Arc::new(authenticator));
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
    /// [`BuildError`] names the setting that cannot work, its value and what is allowed.
    pub fn build(self) -> Result<Arc<PushServer<C>>, BuildError> {
        self.build_server().map(Arc::new)
    }

    pub(crate) fn build_server(mut self) -> Result<PushServer<C>, BuildError> {
        checks::channels(self.config.session.channels.channels())?;
        path::check(&self.path)?;
        checks::config(&self.config)?;
        let hosts = self.allowed_hosts.as_deref();
        let origins = origins::parse(&self.allowed_origins, hosts, self.authenticator.is_some())?;
        for (channel, policy) in self.policies {
            checks::policy(&self.config.session.channels, &channel, &policy)?;
            self.config.set_policy(channel.wire_id(), policy);
        }
        let random = Arc::new(random);
        let hub = match self.broker {
            Some(broker) => Hub::with_broker(self.config, random, broker),
            None => Hub::new(self.config, random),
        };
        for (channel, bytes) in self.dictionaries {
            let given = hub.set_dictionary(channel.wire_id(), bytes);
            given.map_err(|error| BuildError::Dictionary(channel.name(), error))?;
        }
        let admission = Admission::new(hub.limits(), self.proxies, self.exempt, origins);
        let accepts_all = || Arc::new(ByValidator::<C>(Arc::new(|_, _, _| Ok(())))) as Arc<_>;
        let authenticator = self.authenticator.unwrap_or_else(accepts_all);
        let parts = (hub, admission, authenticator);
        Ok(PushServer::from_parts(parts, self.path))
    }
}

/// Random number of the operating system, since secrets and epochs must not be guessable. Panics if there is none.
fn random() -> u64 {
    getrandom::u64().expect("the operating system gives random numbers")
}
