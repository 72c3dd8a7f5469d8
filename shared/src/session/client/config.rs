//! Configuration of a client session.

use alloc::string::String;
use core::fmt;
use core::time::Duration;

use uuid::Uuid;

use super::{ConfigError, Snapshot, TransportPreference};
use crate::compression::DECOMPRESSES;
use crate::encoding::PayloadEncoding;
use crate::hidden::Hidden;
use crate::limits;

/// Settings of a [`ClientSession`](super::ClientSession). `Debug` leaves the secrets out.
#[derive(Clone)]
pub struct ClientConfig {
    /// The client's own id, kept across connections; two clients must never share one.
    pub client_id: Uuid,
    /// Proof that a session is this client's: 16 random bytes for a new client, or from
    /// [`ClientSession::secret`](super::ClientSession::secret) to continue a session. Without one (the default) the
    /// server draws it; a client whose connection is lost before `auth_ok` arrives is then refused until that session
    /// ends.
    pub secret: Option<[u8; 16]>,
    /// Attempts that this client id has made before, from [`ClientSession::attempts`](super::ClientSession::attempts),
    /// kept beside the secret; 0 for a new client. With it, an attempt delayed in the network cannot take the session
    /// from a later one. Default none: attempts are not counted.
    pub attempts: Option<u64>,
    /// The application's token, at most [`TOKEN_BYTES`](limits::TOKEN_BYTES); default none.
    pub token: Option<String>,
    /// Ask the application for a token before each attempt, with [`Output::TokenWanted`](super::Output::TokenWanted);
    /// default false, `token` is used.
    pub renews_token: bool,
    /// Time that the application may take to give a token; default 30 s.
    pub token_wait: Duration,
    /// Encoding wanted for bodies; default JSON. The server may answer with JSON instead: see
    /// [`ClientSession::encoding`](super::ClientSession::encoding).
    pub encoding: PayloadEncoding,
    /// Accept compressed entries, and fetch dictionaries; default true. Without effect in builds that do not
    /// [decompress](crate::compression::DECOMPRESSES).
    pub compression: bool,
    /// Transports to try; default [`TransportPreference::WsFirst`].
    pub transports: TransportPreference,
    /// Retry schedule after a lost connection.
    pub retry: RetryPolicy,
    /// Time that an attempt may take from `Connect` to the server's `auth_ok`; default 10 s.
    pub handshake: Duration,
    /// Time without anything received, beyond the server's heartbeat time, after which the connection is given up;
    /// default 10 s.
    pub heartbeat_grace: Duration,
    /// Largest message taken from the server, in bytes; default 1 MiB, at least
    /// [`CLIENT_MESSAGE_BYTES_MIN`](limits::CLIENT_MESSAGE_BYTES_MIN). It is sent to the server, which keeps to it; a
    /// larger message ends the connection, with close code 4204 and no retry.
    pub max_message_bytes: usize,
    /// Largest value received in fragments, built from deltas or decompressed, in bytes; default 16 MiB. A larger entry
    /// ends the connection, with close code 4204 and no retry. Three entries can be incomplete at once, one of each
    /// lane.
    pub max_value_bytes: usize,
    /// Sends that may wait for the server's answer; default 1,024.
    pub max_uplink_messages: usize,
    /// Bytes of the bodies of those sends; default 4 MiB.
    pub max_uplink_bytes: usize,
    /// Unhandled entries of one subscription at which it is paused; default 1,024.
    pub max_backlog_entries: usize,
    /// Bytes of unhandled entries of one subscription at which it is paused; default 1 MiB.
    pub max_backlog_bytes: usize,
    /// Report the number of each send in the server's session, before it leaves; default false.
    pub tells_numbers: bool,
    /// Seed of the retry jitter; it must differ between clients, so that they do not all reconnect at the same moment.
    pub seed: u64,
}

impl fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientConfig")
            .field("client_id", &self.client_id)
            .field("secret", &self.secret.map(Hidden))
            .field("attempts", &self.attempts)
            .field("token", &self.token.as_ref().map(Hidden))
            .field("renews_token", &self.renews_token)
            .field("transports", &self.transports)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

impl ClientConfig {
    /// The defaults.
    #[must_use]
    pub fn new(client_id: Uuid, seed: u64) -> Self {
        Self {
            client_id,
            secret: None,
            attempts: None,
            token: None,
            renews_token: false,
            token_wait: limits::TOKEN_WAIT,
            encoding: PayloadEncoding::Json,
            compression: true,
            transports: TransportPreference::default(),
            retry: RetryPolicy::default(),
            handshake: limits::HANDSHAKE,
            heartbeat_grace: limits::HEARTBEAT_GRACE,
            max_message_bytes: limits::MESSAGE_BYTES,
            max_value_bytes: limits::VALUE_BYTES,
            max_uplink_messages: limits::UPLINK_MESSAGES,
            max_uplink_bytes: limits::UPLINK_BYTES,
            max_backlog_entries: limits::BACKLOG_ENTRIES,
            max_backlog_bytes: limits::BACKLOG_BYTES,
            tells_numbers: false,
            seed,
        }
    }

    /// The defaults, with id, secret and attempts of a snapshot.
    #[must_use]
    pub fn continuing(snapshot: &Snapshot, seed: u64) -> Self {
        Self {
            secret: snapshot.secret,
            attempts: snapshot.attempts,
            ..Self::new(snapshot.client_id, seed)
        }
    }

    /// Returns whether the session accepts compressed entries.
    pub(super) const fn accepts_compressed(&self) -> bool {
        DECOMPRESSES && self.compression
    }

    /// Checks the limits, the retry schedule and the token.
    ///
    /// # Errors
    /// [`ConfigError`] names the first one.
    pub fn check(&self) -> Result<(), ConfigError> {
        let least = limits::CLIENT_MESSAGE_BYTES_MIN;
        if self.max_message_bytes < least {
            return Err(ConfigError::MessageBytes(self.max_message_bytes));
        }
        if self.max_value_bytes < least {
            return Err(ConfigError::ValueBytes(self.max_value_bytes));
        }
        if !(1.0..f64::INFINITY).contains(&self.retry.factor) {
            return Err(ConfigError::BackoffFactor(self.retry.factor));
        }
        match self.token.as_ref().map(String::len) {
            Some(bytes) if bytes > limits::TOKEN_BYTES => Err(ConfigError::TokenBytes(bytes)),
            Some(_) | None => Ok(()),
        }
    }
}

/// Retry schedule: each delay is drawn evenly from zero to a ceiling that grows with every attempt that failed in a
/// row (full jitter, docs/protocol.md section 10).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct RetryPolicy {
    /// Ceiling of the first delay; default 500 ms.
    pub initial: Duration,
    /// Highest ceiling; default 20 s.
    pub max: Duration,
    /// Factor of the ceiling for each attempt that failed in a row; default 2, at least 1.
    pub factor: f64,
    /// Draw the delay; default true. Otherwise it is the ceiling itself, and clients that lost one server all return to
    /// it at the same moments.
    pub jitter: bool,
    /// A connection that lasted this long counts as a success: the next delay is a first one. Default 2 s.
    pub steady: Duration,
    /// Attempts that may fail in a row before the session closes; default no limit.
    pub max_attempts: Option<u32>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            initial: limits::RETRY_INITIAL,
            max: limits::RETRY_MAX,
            factor: 2.0,
            jitter: true,
            steady: limits::RETRY_STEADY,
            max_attempts: None,
        }
    }
}
