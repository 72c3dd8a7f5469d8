//! Settings of a client.

use std::fmt;
use std::rc::Rc;

use js_sys::Function;
use push_wire_shared::PayloadEncoding;
use push_wire_shared::limits;
use push_wire_shared::session::client::{
    ClientConfig, ClientSession, RetryPolicy, TokenError, TransportPreference,
};
use uuid::{Builder, Uuid};

use crate::address::Address;
use crate::driver::{Driver, Observer};
use crate::storage::{Kept, KeyValueStorage, Store, not_kept};
use crate::tabs;
use crate::token::TokenSource;
use crate::transport::{HAS_EVENT_STREAMS, Settings};
use crate::{ConnectError, clock, page, values};

/// Settings of a [`Client`](crate::Client); each has a default.
#[derive(Clone, Default)]
pub struct Config {
    pub(crate) client_id: Option<Uuid>,
    pub(crate) token: Option<String>,
    pub(crate) token_source: Option<TokenSource>,
    pub(crate) storage: Place,
    pub(crate) storage_key: Option<String>,
    pub(crate) socket_class: Option<Function>,
    pub(crate) transports: TransportPreference,
    pub(crate) retry: RetryPolicy,
    pub(crate) max_message_bytes: Option<usize>,
    pub(crate) without_compression: bool,
    pub(crate) encoding: PayloadEncoding,
    pub(crate) is_shared: bool,
}

/// Without the token, which must not be logged.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("client_id", &self.client_id)
            .field("has_token", &self.token.is_some())
            .field("storage", &self.storage)
            .field("storage_key", &self.storage_key)
            .field("transports", &self.transports)
            .field("retry", &self.retry)
            .field("max_message_bytes", &self.max_message_bytes)
            .field("encoding", &self.encoding)
            .finish_non_exhaustive()
    }
}

/// Place where a client keeps its id and positions over a reload.
#[derive(Clone, Debug, Default)]
pub(crate) enum Place {
    /// The page's session storage, if it has one.
    #[default]
    Session,
    /// The origin's IndexedDB, which is kept when the browser ends.
    Device,
    /// Nothing is kept.
    Nowhere,
    /// The application's storage.
    Given(KeyValueStorage),
}

impl Config {
    /// The defaults: a random client id, no token, positions kept in the session storage, WebSocket before SSE.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the client's id; default a random one, kept over a reload of the page. Two pages must never share one.
    #[must_use]
    pub const fn client_id(mut self, id: Uuid) -> Self {
        self.client_id = Some(id);
        self
    }

    /// Sets the application's token, at most 16 KiB; default none.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Sets a function that is called for a token before each attempt to connect, and before a token expires.
    /// [`TokenError::Retry`] is for transient failures: it is called again after the back-off delay.
    /// [`TokenError::Denied`] closes the client. An answer may take 30 s.
    #[must_use]
    pub fn token_source<T>(mut self, get: impl Fn() -> T + 'static) -> Self
    where
        T: Future<Output = Result<String, TokenError>> + 'static,
    {
        self.token_source = Some(TokenSource::new(get));
        self
    }

    /// Sets the storage for the client's id and positions; `None` to keep nothing over a reload. Default: the session storage.
    #[must_use]
    pub fn storage(mut self, storage: Option<KeyValueStorage>) -> Self {
        self.storage = storage.map_or(Place::Nowhere, Place::Given);
        self
    }

    /// Keeps the client's id and positions on the device (IndexedDB), so that a client continues after the browser was closed. They
    /// are read before the first attempt, until which the client's id is nil. Clients that live at the same time have records
    /// and ids of their own; at most eight keep their positions. Needs Web Locks, that is, https or localhost.
    #[must_use]
    pub fn storage_on_device(mut self) -> Self {
        self.storage = Place::Device;
        self
    }

    /// Sets the name in the storage; default by the server's address.
    #[must_use]
    pub fn storage_key(mut self, key: impl Into<String>) -> Self {
        self.storage_key = Some(key.into());
        self
    }

    /// Sets the transports to try; default WebSocket, and SSE where that is blocked. Without the cargo feature `sse` WebSocket is
    /// the only one.
    #[must_use]
    pub const fn transports(mut self, transports: TransportPreference) -> Self {
        self.transports = transports;
        self
    }

    /// Sets the retry schedule after a lost connection.
    #[must_use]
    pub const fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Sets the largest message taken from the server, in bytes; default 1 MiB, at least 4 KiB. The server keeps to it.
    #[must_use]
    pub const fn max_message_bytes(mut self, bytes: usize) -> Self {
        self.max_message_bytes = Some(bytes);
        self
    }

    /// Sets that entries may come compressed; default true. The dictionaries for that are fetched over HTTP. Without the cargo
    /// feature `zstd` entries come as they are.
    #[must_use]
    pub const fn compression(mut self, compression: bool) -> Self {
        self.without_compression = !compression;
        self
    }

    /// Sets the encoding of bodies; default JSON. The values are the same in each. Another one than JSON needs the cargo feature
    /// `binary-values`.
    #[must_use]
    pub const fn encoding(mut self, encoding: PayloadEncoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// Sets that the tabs of this origin share one connection, if their address, storage key, encoding and version of this crate
    /// are the same; default false. Tabs of different users must have different storage keys. Where the page has no Web Locks,
    /// no `BroadcastChannel` or no local storage, each tab has its own connection. Needs the cargo feature `tabs`.
    #[must_use]
    pub const fn shared(mut self, is_shared: bool) -> Self {
        self.is_shared = is_shared;
        self
    }

    /// A driver of a client with these settings, which is not connected yet.
    pub(crate) fn driver(
        &self,
        url: &str,
        observer: Box<dyn Observer>,
    ) -> Result<Rc<Driver>, ConnectError> {
        let address = Address::read(url, page::base().as_deref())?;
        let name = self.storage_key.as_deref();
        let name = name.map_or_else(|| format!("push-wire:{}", address.socket), Into::into);
        values::check(self.encoding)?;
        self.check_transports()?;
        // Before the client takes its record in the storage.
        self.session(ClientConfig::new(Uuid::nil(), 0)).check()?;
        let tabs = match self.is_shared {
            true => tabs::join(self, &name, &address)?,
            false => None,
        };
        let drawn = Drawn::new().ok_or(ConnectError::NoCrypto)?;
        let in_page = |storage| Store::in_page(storage, &name, |fault| observer.fault(fault));
        let (store, kept) = match &self.storage {
            Place::Session => in_page(page::session_storage().unwrap_or_else(|thrown| {
                observer.fault(not_kept(&thrown));
                None
            })),
            Place::Device => (Store::on_device(name.clone(), self.client_id), None),
            Place::Nowhere => in_page(None),
            Place::Given(storage) => in_page(Some(storage.clone())),
        };
        let identity = self.identity(kept.as_ref(), drawn);
        let config = self.session(identity);
        let mut session = ClientSession::new(match &tabs {
            Some(tabs) => tabs.session_config(config),
            None => config,
        });
        if let Some(kept) = kept {
            session.restore_positions(kept.snapshot);
        }
        let settings = Settings {
            tabs: tabs.clone(),
            ..self.settings(address)
        };
        let driver = Driver::new(
            session,
            settings,
            self.token_source.clone(),
            store,
            observer,
        );
        if let Some(tabs) = tabs {
            tabs.set_driver(Rc::downgrade(&driver));
        }
        Ok(driver)
    }

    pub(crate) fn settings(&self, address: Address) -> Settings {
        Settings {
            address,
            socket_class: self.socket_class.clone(),
            max_message_bytes: self.max_message_bytes.unwrap_or(limits::MESSAGE_BYTES),
            tabs: None,
        }
    }

    /// Id and secret of the client: the kept ones, unless a live page uses them or the application has chosen another id.
    fn identity(&self, kept: Option<&Kept>, drawn: Drawn) -> ClientConfig {
        let may_continue = |kept: &&Kept| match self.client_id {
            Some(client_id) => client_id == kept.snapshot.client_id,
            None => !kept.is_held,
        };
        // Attempts are numbered by the time, so that the page which is shown last has the highest number, whatever the order
        // in which pages of a tab write their records.
        let attempts = clock::unix_millis();
        if let Some(kept) = kept.filter(may_continue) {
            let mut config = ClientConfig::continuing(&kept.snapshot, drawn.seed);
            config.attempts = config.attempts.max(Some(attempts));
            return config;
        }
        let client_id = self.client_id.unwrap_or(drawn.client_id);
        let mut config = ClientConfig::new(client_id, drawn.seed);
        config.secret = Some(drawn.secret);
        config.attempts = Some(attempts);
        config
    }

    /// Checks that this build has event streams, if they alone are chosen.
    fn check_transports(&self) -> Result<(), ConnectError> {
        if HAS_EVENT_STREAMS || self.transports != TransportPreference::SseOnly {
            return Ok(());
        }
        Err(ConnectError::LeftOut {
            setting: "transport",
            value: "sse",
            feature: "sse",
        })
    }

    /// The chosen transports that the build and the runtime have: event streams alone where there is no class of WebSockets, as
    /// in Node.js 20, unless a WebSocket is demanded.
    fn usable_transports(&self) -> TransportPreference {
        if !HAS_EVENT_STREAMS {
            return TransportPreference::WsOnly;
        }
        let has_socket = self.socket_class.is_some() || page::has_web_socket();
        if has_socket || self.transports == TransportPreference::WsOnly {
            return self.transports;
        }
        TransportPreference::SseOnly
    }

    pub(crate) fn session(&self, identity: ClientConfig) -> ClientConfig {
        ClientConfig {
            token: self.token.clone(),
            renews_token: self.token_source.is_some(),
            transports: self.usable_transports(),
            retry: self.retry,
            encoding: self.encoding,
            compression: !self.without_compression,
            max_message_bytes: self.max_message_bytes.unwrap_or(limits::MESSAGE_BYTES),
            ..identity
        }
    }
}

/// Random values of a new client.
pub(crate) struct Drawn {
    pub(crate) client_id: Uuid,
    pub(crate) secret: [u8; 16],
    pub(crate) seed: u64,
}

impl Drawn {
    /// `None` where there are no random numbers.
    pub(crate) fn new() -> Option<Self> {
        Some(Self {
            client_id: Builder::from_random_bytes(page::random()?).into_uuid(),
            secret: page::random()?,
            seed: u64::from_le_bytes(page::random()?),
        })
    }
}
