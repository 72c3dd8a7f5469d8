//! Tokens in compact form (RFC 7515 section 7.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::claims::JwtClaims;
use super::error::JwtError;
use super::key::Algorithm;
use super::set::KeySet;

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    #[serde(default, deserialize_with = "present")]
    crit: bool,
}

/// Any value, null among them.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// A token whose signature is not verified yet.
pub(super) struct Token<'a> {
    algorithm: Algorithm,
    key_id: Option<String>,
    /// Header and payload as they are signed.
    message: &'a str,
    payload: &'a str,
    signature: Vec<u8>,
}

impl<'a> Token<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, JwtError> {
        let (message, signature) = text.rsplit_once('.').ok_or(JwtError::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(JwtError::Malformed)?;
        if payload.contains('.') {
            return Err(JwtError::Malformed);
        }
        let header: Header =
            serde_json::from_slice(&decode(header)?).map_err(|_| JwtError::Malformed)?;
        if header.crit {
            return Err(JwtError::Critical);
        }
        Ok(Self {
            algorithm: Algorithm::of_name(&header.alg).ok_or(JwtError::Algorithm)?,
            key_id: header.kid,
            message,
            payload,
            signature: decode(signature)?,
        })
    }

    pub(super) const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// Verifies the signature, and reads the claims.
    pub(super) fn verify(&self, keys: &KeySet) -> Result<JwtClaims, JwtError> {
        let mut keys = keys.of_token(self).peekable();
        if keys.peek().is_none() {
            return Err(JwtError::Key);
        }
        if !keys.any(|key| key.verifies(self.message.as_bytes(), &self.signature)) {
            return Err(JwtError::Signature);
        }
        serde_json::from_slice(&decode(self.payload)?).map_err(|_| JwtError::Malformed)
    }
}

/// Bytes of base64url without padding.
fn decode(text: &str) -> Result<Vec<u8>, JwtError> {
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| JwtError::Malformed)
}
