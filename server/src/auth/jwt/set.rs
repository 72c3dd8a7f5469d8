//! Sets of keys (RFC 7517 section 5).

use jsonwebtoken::jwk::Jwk;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::JwtKeysError;
use super::key::Key;
use super::token::Token;
use crate::limits::JWKS_KEYS;

/// Keys that tokens are verified by.
#[derive(Clone, Debug)]
pub(super) struct KeySet(Vec<Key>);

#[derive(Deserialize)]
struct Jwks<'a> {
    #[serde(borrow)]
    keys: Vec<&'a RawValue>,
}

/// Kinds of keys that a set may have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kinds {
    /// Secrets too: the set is kept by the application.
    All,
    /// Public keys alone: the set is one that everybody can fetch.
    Public,
}

impl KeySet {
    pub(super) fn of(key: Key) -> Self {
        Self(vec![key])
    }

    /// Reads a JSON Web Key Set. Keys that are not for signatures, or for other algorithms, are left out.
    pub(super) fn parse(text: &[u8], kinds: Kinds) -> Result<Self, JwtKeysError> {
        let set: Jwks<'_> = serde_json::from_slice(text).map_err(|error| {
            // Without the text around the place, which may be a key.
            let (line, column) = (error.line(), error.column());
            JwtKeysError::NotASet(format!("line {line}, column {column}"))
        })?;
        if set.keys.len() > JWKS_KEYS {
            return Err(JwtKeysError::TooMany(JWKS_KEYS));
        }
        let keys = set.keys.iter().filter_map(|text| {
            let jwk: Jwk = serde_json::from_str(text.get()).ok()?;
            let key = Key::jwk(&jwk)?;
            (kinds == Kinds::All || !key.is_secret()).then_some(key)
        });
        let keys: Vec<Key> = keys.collect();
        if keys.is_empty() {
            return Err(JwtKeysError::NoKey);
        }
        Ok(Self(keys))
    }

    /// The keys that a token may be signed by: of its algorithm, and of its key id if both have one.
    pub(super) fn of_token(&self, token: &Token<'_>) -> impl Iterator<Item = &Key> {
        let id = token.key_id();
        self.0.iter().filter(move |key| {
            let is_named = match (id, key.id.as_deref()) {
                (Some(id), Some(known)) => id == known,
                (None, _) | (_, None) => true,
            };
            is_named && key.algorithm() == token.algorithm()
        })
    }
}
