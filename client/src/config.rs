//! Configuration of a client.

use std::fmt;
use std::time::Duration;

use push_wire_shared::limits;
use push_wire_shared::session::client::{
    ClientConfig as SessionConfig, RetryPolicy, TransportPreference,
};
use url::Url;
use uuid::Uuid;

use crate::tls::Tls;
use crate::tokens::TokenSource;
use crate::{ConfigError, ConnectError, Snapshot, SnapshotError, TokenError};

/// Settings of a [`PushClient`](crate::PushClient). `Debug` leaves out the token, the secret and what was kept of a session.
#[derive(Clone)]
#[non_exhaustive]
pub struct ClientConfig {
    /// The server's URL: `https://host`, `http://host:port` or `wss://host/path`; default path `/rps`.
    pub url: String,
    /// The client's id, kept over connections; random by default. Two clients must never share one.
    pub client_id: Uuid,
    /// Secret of the session; random by default.
    pub secret: [u8; 16],
    /// Number of attempts to connect that this client id has made before; default 0.
    pub attempts: u64,
    /// The application's token, at most 16 KiB; default none.
    pub token: Option<String>,
    /// Function that gives a token before each attempt; default none, `token` is used.
    pub(crate) token_source: Option<TokenSource>,
    /// TLS settings.
    pub(crate) tls: Tls,
    /// Positions from a snapshot.
    pub(crate) kept: Option<Snapshot>,
    /// Retry schedule after a lost connection.
    pub reconnect: ReconnectPolicy,
    /// Transports to try; default WebSocket first. The second one is tried when the first does not open, or when two
    /// connections in a row end within 10 s; the first one again after 5 minutes, then less often, up to an hour.
    pub transport_preference: TransportPreference,
    /// Largest message taken from the server, in bytes; default 1 MiB, at least 4 KiB. The server keeps to it.
    pub max_message_bytes: usize,
    /// Largest value taken from the server, in bytes; default 16 MiB, at least 4 KiB. Large ones are sent in fragments,
    /// so the message limit does not bound them. Three can be incomplete at once.
    pub max_value_bytes: usize,
    /// Accept compressed entries; default true. The dictionaries for that are fetched over HTTP from
    /// `<url>/dictionaries/…`.
    pub compression: bool,
}

impl fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientConfig")
            .field("url", &self.url)
            .field("client_id", &self.client_id)
            .field("attempts", &self.attempts)
            .field("has_token", &self.token.is_some())
            .field("reconnect", &self.reconnect)
            .field("transport_preference", &self.transport_preference)
            .field("max_message_bytes", &self.max_message_bytes)
            .field("max_value_bytes", &self.max_value_bytes)
            .field("compression", &self.compression)
            .finish_non_exhaustive()
    }
}

impl ClientConfig {
    /// The defaults, with a random client id.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            client_id: Uuid::new_v4(),
            secret: Uuid::new_v4().into_bytes(),
            attempts: 0,
            token: None,
            token_source: None,
            tls: Tls::default(),
            kept: None,
            reconnect: ReconnectPolicy::default(),
            transport_preference: TransportPreference::WsFirst,
            max_message_bytes: limits::MESSAGE_BYTES,
            max_value_bytes: limits::VALUE_BYTES,
            compression: true,
        }
    }

    /// The defaults, for a client that continues a session after a restart.
    pub fn continuing(url: impl Into<String>, session: SessionKey) -> Self {
        Self {
            client_id: session.client_id,
            secret: session.secret,
            attempts: session.attempts,
            ..Self::new(url)
        }
    }

    /// The defaults, for a client that continues from a [`PushClient::snapshot`](crate::PushClient::snapshot): its
    /// session and the positions of its streams.
    ///
    /// # Errors
    /// [`SnapshotError`] if the bytes are damaged or of another version: use [`new`](Self::new).
    pub fn restored(url: impl Into<String>, snapshot: &[u8]) -> Result<Self, SnapshotError> {
        let snapshot = Snapshot::decode(snapshot)?;
        let anew = Self::new(url);
        Ok(Self {
            client_id: snapshot.client_id,
            secret: snapshot.secret.unwrap_or(anew.secret),
            attempts: snapshot.attempts.unwrap_or_default(),
            kept: Some(snapshot),
            ..anew
        })
    }

    /// Sets a function that is called for a token before each attempt to connect, so that an expired token is not sent.
    ///
    /// [`TokenError::Retry`] is for transient failures: the client calls it again after the back-off delay, also at the
    /// first attempt. [`TokenError::Denied`] closes the client. An answer may take 30 s.
    ///
    /// ```
    /// use push_wire_client::{ClientConfig, TokenError};
    ///
    /// async fn from_backend() -> Result<String, std::io::Error> {
    ///     Ok("token".into())
    /// }
    ///
    /// let config = ClientConfig::new("http://127.0.0.1:9100").with_token_source(|| async {
    ///     let token = from_backend().await;
    ///     token.map_err(|error| TokenError::Retry { message: error.to_string() })
    /// });
    /// ```
    #[must_use]
    pub fn with_token_source<F, T>(self, get: F) -> Self
    where
        F: Fn() -> T + Send + Sync + 'static,
        T: Future<Output = Result<String, TokenError>> + Send + 'static,
    {
        Self {
            token_source: Some(TokenSource::new(get)),
            ..self
        }
    }

    /// Sets the TLS settings for servers at `https`: other root certificates, or a certificate of the client. The default
    /// trusts the root certificates of the system, or those in the file that the environment variable `SSL_CERT_FILE`
    /// names.
    ///
    /// ```no_run
    /// use std::sync::Arc;
    ///
    /// use push_wire_client::ClientConfig;
    /// use push_wire_client::rustls::{self, RootCertStore, pki_types::CertificateDer};
    ///
    /// # fn config(der: Vec<u8>) -> Result<ClientConfig, Box<dyn std::error::Error>> {
    /// let mut roots = RootCertStore::empty();
    /// roots.add(CertificateDer::from(der))?;
    /// let provider = Arc::new(rustls::crypto::ring::default_provider());
    /// let tls = rustls::ClientConfig::builder_with_provider(provider)
    ///     .with_safe_default_protocol_versions()?
    ///     .with_root_certificates(roots)
    ///     .with_no_client_auth();
    /// let config = ClientConfig::new("https://push.internal").with_tls(Arc::new(tls));
    /// # Ok(config)
    /// # }
    /// ```
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn with_tls(self, tls: std::sync::Arc<rustls::ClientConfig>) -> Self {
        Self {
            tls: Tls::new(tls),
            ..self
        }
    }

    /// Settings of the session; the caller adds the seed of its jitter.
    pub(crate) fn session(&self, seed: u64) -> SessionConfig {
        let mut session = SessionConfig::new(self.client_id, seed);
        session.secret = Some(self.secret);
        session.attempts = Some(self.attempts);
        session.token.clone_from(&self.token);
        session.renews_token = self.token_source.is_some();
        session.transports = self.transport_preference;
        session.retry = self.reconnect.schedule();
        session.max_message_bytes = self.max_message_bytes;
        session.max_value_bytes = self.max_value_bytes;
        session.compression = self.compression;
        session
    }

    /// Checks limits and token.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        self.session(0).check()
    }

    /// The WebSocket address to open.
    pub(crate) fn endpoint(&self) -> Result<Url, ConnectError> {
        let error = |why: String| ConnectError::InvalidUrl {
            url: self.url.clone(),
            why,
        };
        let mut url = match Url::parse(&self.url) {
            Ok(url) => url,
            Err(url::ParseError::RelativeUrlWithoutBase) => {
                return Err(error("it has no scheme; write http://host:port".into()));
            }
            Err(other) => return Err(error(other.to_string())),
        };
        let scheme = match url.scheme() {
            "http" | "ws" => "ws",
            "https" | "wss" => {
                self.tls.check().map_err(|why| error(why.into()))?;
                "wss"
            }
            _ => {
                return Err(error(
                    "its scheme is none of https, http, wss and ws".into(),
                ));
            }
        };
        if url.set_scheme(scheme).is_err() {
            return Err(error("it names no host".into()));
        }
        url.set_fragment(None);
        if url.path() == "/" {
            url.set_path("/rps");
        }
        Ok(url)
    }
}

/// Credentials with which a client continues its session after a restart, with its inboxes and message numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SessionKey {
    /// The client's id.
    pub client_id: Uuid,
    /// Secret of the session, to be stored as carefully as a password.
    pub secret: [u8; 16],
    /// Number of attempts to connect so far.
    pub attempts: u64,
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionKey")
            .field("client_id", &self.client_id)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// Retry schedule: each delay is drawn evenly from zero to a ceiling that grows with each attempt that failed in a
/// row. It holds for the first connection and after each loss.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReconnectPolicy {
    /// Repeat an attempt that failed, and reconnect after a loss; default true.
    pub enabled: bool,
    /// Ceiling of the first delay; default 500 ms.
    pub initial_delay: Duration,
    /// Highest ceiling; default 20 s.
    pub max_delay: Duration,
    /// Factor of the ceiling for each attempt that failed in a row; default 2, at least 1.
    pub backoff_factor: f64,
    /// Attempts that may fail in a row before the client closes; default no limit.
    pub max_retries: Option<u32>,
    /// Draw each delay; default true. Otherwise it is the ceiling itself, and clients that lost one server all return to
    /// it at the same moments.
    pub jitter: bool,
}

impl Default for ReconnectPolicy {
    fn default() -> Self {
        Self {
            enabled: true,
            initial_delay: limits::RETRY_INITIAL,
            max_delay: limits::RETRY_MAX,
            backoff_factor: 2.0,
            max_retries: None,
            jitter: true,
        }
    }
}

impl ReconnectPolicy {
    /// The policy of a client that makes one attempt, and does not reconnect.
    #[must_use]
    pub fn disabled() -> Self {
        Self {
            enabled: false,
            ..Self::default()
        }
    }

    /// Ceiling of the delay before an attempt; attempts count from 0.
    #[must_use]
    pub fn delay_for_attempt(&self, attempt: u32) -> Duration {
        self.schedule().ceiling(attempt)
    }

    /// Returns whether another attempt follows after this many failed in a row.
    #[must_use]
    pub fn should_retry(&self, attempts: u32) -> bool {
        self.enabled && self.max_retries.is_none_or(|max| attempts < max)
    }

    pub(crate) fn schedule(&self) -> RetryPolicy {
        RetryPolicy {
            initial: self.initial_delay,
            max: self.max_delay,
            factor: self.backoff_factor,
            jitter: self.jitter,
            max_attempts: if self.enabled {
                self.max_retries
            } else {
                Some(0)
            },
            ..RetryPolicy::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(url: &str) -> Result<String, ConnectError> {
        let url = ClientConfig::new(url).endpoint()?;
        Ok(url.to_string())
    }

    #[test]
    fn debug_has_no_secrets() {
        let mut config = ClientConfig::new("https://host");
        config.token = Some("a+token".into());
        config.client_id = Uuid::nil();
        config.secret = [251; 16];
        let text = format!("{config:?}");
        assert!(text.contains("has_token: true"), "{text}");
        assert!(!text.contains("a+token") && !text.contains("251"), "{text}");
    }

    #[test]
    fn default_path_is_added() {
        let cases = [
            ("http://127.0.0.1:9100", "ws://127.0.0.1:9100/rps"),
            ("http://host/", "ws://host/rps"),
            ("ws://host:1/push", "ws://host:1/push"),
            ("http://host?a=b", "ws://host/rps?a=b"),
            ("ws://[::1]:81/x/y?a#z", "ws://[::1]:81/x/y?a"),
            #[cfg(feature = "tls")]
            ("https://host", "wss://host/rps"),
            #[cfg(feature = "tls")]
            ("wss://host:444/push", "wss://host:444/push"),
        ];
        for (url, expected) in cases {
            assert_eq!(endpoint(url).unwrap(), expected);
        }
    }

    #[test]
    fn bad_url_error_has_reason() {
        for (url, part) in [
            ("127.0.0.1:9100", "no scheme"),
            ("http://host:port", "port"),
            ("ftp://host", "none of https, http"),
            ("http://", "host"),
        ] {
            let error = endpoint(url).unwrap_err().to_string();
            assert!(error.contains(part) && error.contains(url), "{error}");
        }
    }

    #[cfg(not(feature = "tls"))]
    #[test]
    fn build_without_tls_names_its_feature() {
        let error = endpoint("https://host").unwrap_err().to_string();
        assert!(error.contains("feature `tls`"), "{error}");
    }

    #[test]
    fn values_out_of_range_are_named() {
        let mut config = ClientConfig::new("http://host");
        config.max_message_bytes = 0;
        assert_eq!(config.check(), Err(ConfigError::MessageBytes(0)));
        config.max_message_bytes = 8192;
        assert_eq!(config.check(), Ok(()));
        config.reconnect.backoff_factor = 0.5;
        assert_eq!(config.check(), Err(ConfigError::BackoffFactor(0.5)));
        config.reconnect.backoff_factor = 1.0;
        config.token = Some("x".repeat(limits::TOKEN_BYTES + 1));
        let bytes = limits::TOKEN_BYTES + 1;
        assert_eq!(config.check(), Err(ConfigError::TokenBytes(bytes)));
    }

    #[test]
    fn delays_double() {
        let policy = ReconnectPolicy::default();
        let delays = [0, 1, 2, 6, 99].map(|n| policy.delay_for_attempt(n).as_millis());
        assert_eq!(delays, [500, 1000, 2000, 20_000, 20_000]);
        let slower = ReconnectPolicy {
            backoff_factor: 3.0,
            ..policy.clone()
        };
        assert_eq!(slower.delay_for_attempt(2).as_millis(), 4_500);
        assert!(policy.should_retry(u32::MAX));
        assert!(!ReconnectPolicy::disabled().should_retry(0));
    }
}
