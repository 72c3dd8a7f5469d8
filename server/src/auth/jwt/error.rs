//! Errors of tokens and of keys. None contains a token, a key or a part of one.

use crate::auth::AuthError;

/// Error of a token: the first check that it does not pass.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum JwtError {
    #[error("no token was given: send it in `auth`, or in the header `Authorization: Bearer`")]
    Missing,
    #[error("the token is not a JSON Web Token in compact form")]
    Malformed,
    #[error("the token's header has the field `crit`, no extension of which is known here")]
    Critical,
    #[error("the token's algorithm is not one of HS256, RS256, ES256 and EdDSA")]
    Algorithm,
    #[error("no key fits the token's algorithm and key id")]
    Key,
    #[error("the token's signature does not match")]
    Signature,
    #[error("the token has expired")]
    Expired,
    #[error("the token is not valid yet")]
    NotYetValid,
    #[error("the token has no claim `{0}`")]
    NoClaim(&'static str),
    #[error("the token's claim `{0}` is not of the right type")]
    BadClaim(&'static str),
    #[error("the token is for another audience")]
    Audience,
    #[error("the token is of another issuer")]
    Issuer,
    #[error("the token's claim `push`: {0}")]
    Push(String),
    #[error("the keys cannot be fetched now")]
    NoKeys,
}

impl From<JwtError> for AuthError {
    fn from(error: JwtError) -> Self {
        match error {
            JwtError::NoKeys => Self::Unavailable(error.to_string()),
            JwtError::Missing
            | JwtError::Malformed
            | JwtError::Critical
            | JwtError::Algorithm
            | JwtError::Key
            | JwtError::Signature
            | JwtError::Expired
            | JwtError::NotYetValid
            | JwtError::NoClaim(_)
            | JwtError::BadClaim(_)
            | JwtError::Audience
            | JwtError::Issuer
            | JwtError::Push(_) => Self::Other(error.to_string()),
        }
    }
}

/// Error of the keys of [`JwtKeys`](super::JwtKeys), when they are set.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JwtKeysError {
    /// A secret of HS256 has fewer than 32 bytes (RFC 7518 section 3.2).
    #[error("a secret of HS256 has at least 32 bytes, not {0}")]
    ShortSecret(usize),
    /// The text is not the PEM of a public key.
    #[error("not the PEM of a public key of RSA, P-256 or Ed25519")]
    Pem,
    /// The key is of a type, curve or size with which no algorithm works.
    #[error("a public key is of RSA with 2,048 to 8,192 bits, of P-256 or of Ed25519")]
    Unsupported,
    /// The text is not a JSON Web Key Set.
    #[error("not a JSON Web Key Set: {0}")]
    NotASet(String),
    /// The set has no key that verifies signatures.
    #[error(
        "the JSON Web Key Set has no key of HS256, RS256, ES256 or EdDSA that verifies signatures"
    )]
    NoKey,
    /// The set has more keys than are taken.
    #[error("the JSON Web Key Set has more than {0} keys")]
    TooMany(usize),
    /// The file cannot be read.
    #[error("the file {path} cannot be read: {error}")]
    File {
        /// Its path.
        path: String,
        /// Error of the operating system.
        error: String,
    },
    /// The root certificates cannot be read, or there are none.
    #[error("not the PEM of root certificates")]
    Roots,
    /// The address is not one from which keys may be fetched.
    #[error("{0:?} is not an address of https, or of http on this machine")]
    Address(String),
}
