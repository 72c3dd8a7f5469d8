//! What a client is told before it connects.

use std::fmt;
use std::time::Duration;

use push_wire_shared::limits;
use push_wire_shared::session::client::RetryPolicy;
use uuid::Uuid;

use crate::ConnectError;

/// Settings of a [`PushClient`](crate::PushClient).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientConfig {
    /// The server: `http://host:port` or `ws://host:port/path`. Without a path `/rps` is asked for.
    pub url: String,
    /// The client's own id, kept across connections; random by default. Two clients must never share one.
    pub client_id: Uuid,
    /// What proves that a session is this client's; random by default.
    pub secret: [u8; 16],
    /// Attempts to connect that this client id has made in earlier lives; default 0.
    pub attempts: u64,
    /// The application's credential; default none.
    pub token: Option<String>,
    /// When to come back after a lost connection.
    pub reconnect: ReconnectPolicy,
    /// Which transports to try; default WebSocket first.
    pub transport_preference: TransportPreference,
    /// Largest message taken from the server, in bytes; default 1 MiB.
    pub max_message_bytes: usize,
    /// Largest value taken from the server, in bytes; default 16 MiB. Large ones come in fragments, so the message
    /// limit does not bound them. Three can be under way at once.
    pub max_value_bytes: usize,
    /// Whether entries may come compressed; default yes. The dictionaries for that are fetched over HTTP from
    /// `<url>/dictionaries/…`.
    pub compression: bool,
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
            reconnect: ReconnectPolicy::default(),
            transport_preference: TransportPreference::WsFirst,
            max_message_bytes: limits::MESSAGE_BYTES,
            max_value_bytes: limits::VALUE_BYTES,
            compression: true,
        }
    }

    /// The defaults, for a client that goes on with the session of an earlier life.
    pub fn continuing(url: impl Into<String>, session: SessionKey) -> Self {
        Self {
            client_id: session.client_id,
            secret: session.secret,
            attempts: session.attempts,
            ..Self::new(url)
        }
    }

    /// The WebSocket address to open.
    pub(crate) fn endpoint(&self) -> Result<String, ConnectError> {
        let fault = |why| ConnectError::InvalidUrl {
            url: self.url.clone(),
            why,
        };
        let (scheme, rest) = self
            .url
            .split_once("://")
            .ok_or(fault("it has no scheme; write http://host:port"))?;
        match scheme {
            "http" | "ws" => {}
            "https" | "wss" => return Err(fault("this build of the client has no TLS")),
            _ => return Err(fault("its scheme is neither http nor ws")),
        }
        let authority_len = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(authority_len);
        if authority.is_empty() {
            return Err(fault("it names no host"));
        }
        let path = path.split('#').next().unwrap_or_default();
        let (path, query) = path.split_at(path.find('?').unwrap_or(path.len()));
        let path = if matches!(path, "" | "/") {
            "/rps"
        } else {
            path
        };
        Ok(format!("ws://{authority}{path}{query}"))
    }
}

/// What a client keeps to go on with its session in a later life: its inbox and the numbers of its messages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SessionKey {
    /// The client's id.
    pub client_id: Uuid,
    /// What proves that the session is this client's: to be kept as a password is.
    pub secret: [u8; 16],
    /// Attempts to connect that it has made.
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

/// Which transports a client tries.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TransportPreference {
    /// WebSocket, and SSE where that is blocked.
    #[default]
    WsFirst,
    /// SSE, and WebSocket where that is blocked.
    SseFirst,
    /// WebSocket only.
    WsOnly,
    /// SSE only.
    SseOnly,
}

/// When a client comes back by itself: after a delay drawn evenly from zero to a ceiling that doubles with each
/// attempt that failed in a row.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReconnectPolicy {
    /// Whether it does at all; default yes.
    pub enabled: bool,
    /// Ceiling of the first delay; default 500 ms.
    pub initial_delay: Duration,
    /// Highest ceiling; default 20 s.
    pub max_delay: Duration,
    /// Attempts that may fail in a row; default any number.
    pub max_retries: Option<u32>,
}

impl Default for ReconnectPolicy {
    fn default() -> Self {
        Self {
            enabled: true,
            initial_delay: limits::RETRY_INITIAL,
            max_delay: limits::RETRY_MAX,
            max_retries: None,
        }
    }
}

impl ReconnectPolicy {
    /// A lost connection stays lost.
    #[must_use]
    pub fn disabled() -> Self {
        Self {
            enabled: false,
            ..Self::default()
        }
    }

    /// The longest delay before an attempt, counted from 0.
    #[must_use]
    pub fn delay_for_attempt(&self, attempt: u32) -> Duration {
        let doubled = self.initial_delay.saturating_mul(1 << attempt.min(20));
        doubled.min(self.max_delay)
    }

    /// Whether there is another attempt after so many that failed in a row.
    #[must_use]
    pub fn should_retry(&self, attempts: u32) -> bool {
        self.enabled && self.max_retries.is_none_or(|max| attempts < max)
    }

    pub(crate) fn schedule(&self) -> RetryPolicy {
        RetryPolicy {
            initial: self.initial_delay,
            max: self.max_delay,
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
        ClientConfig::new(url).endpoint()
    }

    #[test]
    fn the_path_is_added_where_there_is_none() {
        let cases = [
            ("http://127.0.0.1:9100", "ws://127.0.0.1:9100/rps"),
            ("http://host/", "ws://host/rps"),
            ("ws://host:1/push", "ws://host:1/push"),
            ("http://host?a=b", "ws://host/rps?a=b"),
            ("ws://[::1]:80/x/y?a#z", "ws://[::1]:80/x/y?a"),
        ];
        for (url, expected) in cases {
            assert_eq!(endpoint(url).unwrap(), expected);
        }
    }

    #[test]
    fn a_url_that_cannot_be_opened_says_why() {
        for (url, part) in [
            ("127.0.0.1:9100", "no scheme"),
            ("ftp://host", "neither http nor ws"),
            ("https://host", "TLS"),
            ("http:///rps", "no host"),
        ] {
            let error = endpoint(url).unwrap_err().to_string();
            assert!(error.contains(part) && error.contains(url), "{error}");
        }
    }

    #[test]
    fn delays_double_up_to_the_highest() {
        let policy = ReconnectPolicy::default();
        let delays = [0, 1, 2, 6, 99].map(|n| policy.delay_for_attempt(n).as_millis());
        assert_eq!(delays, [500, 1000, 2000, 20_000, 20_000]);
        assert!(policy.should_retry(u32::MAX));
        assert!(!ReconnectPolicy::disabled().should_retry(0));
    }
}
