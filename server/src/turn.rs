//! [`TurnSecret`]: credentials for a TURN server that shares a secret with this one.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use push_wire_shared::TurnCredential;
use sha1::Sha1;
use uuid::Uuid;

/// Secret that a TURN server shares, from which credentials with an expiry are made; coturn's `use-auth-secret` and
/// `static-auth-secret`. `Debug` leaves the secret out.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use push_wire_server::{TurnSecret, Uuid};
///
/// let turn = TurnSecret::new("from the configuration").with_server("turn:turn.example.org:3478");
/// let client = Uuid::from_u128(1);
/// let credential = turn.credential(client, Duration::from_secs(600), SystemTime::now());
/// assert_eq!(credential.ttl_seconds, 600);
/// assert!(credential.username.ends_with(&format!(":{client}")));
/// ```
#[derive(Clone)]
pub struct TurnSecret {
    /// The keyed function.
    mac: Hmac<Sha1>,
    server: Option<String>,
}

impl TurnSecret {
    /// A secret of any length; one of 32 random bytes or more cannot be guessed from the credentials that were made.
    #[must_use]
    pub fn new(secret: impl AsRef<[u8]>) -> Self {
        let mac = Hmac::new_from_slice(secret.as_ref()).expect("HMAC has keys of any length");
        Self { mac, server: None }
    }

    /// Sets the URI of the TURN server that the credentials name (RFC 7065); default none.
    #[must_use]
    pub fn with_server(mut self, uri: impl Into<String>) -> Self {
        self.server = Some(uri.into());
        self
    }

    /// Makes a credential for a client: the user name is `expiry:client`, with the expiry in seconds since 1970, and the
    /// password the HMAC-SHA1 of the user name in base64.
    ///
    /// coturn checks the expiry when a session begins: one that has begun outlives its credential. `ttl` counts in whole
    /// seconds.
    #[must_use]
    pub fn credential(&self, client: Uuid, ttl: Duration, now: SystemTime) -> TurnCredential {
        let ttl_seconds = ttl.as_secs();
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let username = format!("{}:{client}", now.saturating_add(ttl_seconds));
        TurnCredential {
            credential: self.password(&username),
            username,
            ttl_seconds,
            server: self.server.clone(),
        }
    }

    fn password(&self, username: &str) -> String {
        let code = self.mac.clone().chain_update(username).finalize();
        STANDARD.encode(code.into_bytes())
    }
}

impl fmt::Debug for TurnSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TurnSecret")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: Uuid = Uuid::from_u128(1);

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    /// RFC 2202, HMAC-SHA1, case 2.
    #[test]
    fn password_is_hmac_sha1() {
        let digest = hex::decode("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79").unwrap();
        let password = TurnSecret::new("Jefe").password("what do ya want for nothing?");
        assert_eq!(password, STANDARD.encode(digest));
    }

    /// The password was computed with Python's `hmac`.
    #[test]
    fn credential_names_expiry_and_client() {
        let secret = TurnSecret::new("north wind").with_server("turn:turn.example.org");
        let credential =
            secret.credential(CLIENT, Duration::from_millis(600_900), at(1_700_000_000));
        let expected = TurnCredential {
            username: "1700000600:00000000-0000-0000-0000-000000000001".to_owned(),
            credential: "KfcWM2yUiltQgAillNRJNImdq5E=".to_owned(),
            ttl_seconds: 600,
            server: Some("turn:turn.example.org".to_owned()),
        };
        assert_eq!(credential, expected);
    }

    #[test]
    fn extreme_times_are_expressed() {
        let secret = TurnSecret::new([]);
        let longest = secret.credential(CLIENT, Duration::MAX, at(1));
        assert_eq!(longest.username, format!("{}:{CLIENT}", u64::MAX));
        let early = secret.credential(CLIENT, Duration::ZERO, UNIX_EPOCH - Duration::from_secs(5));
        assert_eq!(early.username, format!("0:{CLIENT}"));
    }

    #[test]
    fn debug_has_no_secret() {
        let secret = TurnSecret::new("north wind").with_server("turn:turn.example.org");
        assert_eq!(
            format!("{secret:?}"),
            r#"TurnSecret { server: Some("turn:turn.example.org"), .. }"#
        );
    }
}
