//! The keys that an application verifies tokens by.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use super::cache::Cache;
use super::error::{JwtError, JwtKeysError};
use super::fetch::{Address, Roots};
use super::key::Key;
use super::set::{KeySet, Kinds};
use super::token::Token;
use crate::limits::JWKS_BYTES;

/// Keys by which tokens are verified. Each is for one algorithm, which follows from its type: HS256 of a secret, RS256 of
/// an RSA key of at least 2,048 bits, ES256 of one of P-256, EdDSA of one of Ed25519.
#[derive(Clone, Debug)]
pub struct JwtKeys(Source);

#[derive(Clone, Debug)]
enum Source {
    Fixed(Arc<KeySet>),
    Fetched(Arc<Cache>),
}

impl JwtKeys {
    /// A secret that the issuer of the tokens has too, for HS256.
    ///
    /// # Errors
    /// [`JwtKeysError::ShortSecret`] if it has fewer than 32 bytes.
    pub fn secret(secret: impl AsRef<[u8]>) -> Result<Self, JwtKeysError> {
        Key::secret(secret.as_ref()).map(Self::key)
    }

    /// A public key in PEM: of RSA, P-256 or Ed25519.
    ///
    /// # Errors
    /// [`JwtKeysError`] if it is none of these.
    pub fn pem(pem: impl AsRef<[u8]>) -> Result<Self, JwtKeysError> {
        Key::pem(pem.as_ref()).map(Self::key)
    }

    /// The keys of a JSON Web Key Set (RFC 7517), which may contain secrets too.
    ///
    /// # Errors
    /// [`JwtKeysError`] if it is none, or has no key for signatures.
    pub fn jwks(text: impl AsRef<[u8]>) -> Result<Self, JwtKeysError> {
        let keys = KeySet::parse(text.as_ref(), Kinds::All)?;
        Ok(Self(Source::Fixed(Arc::new(keys))))
    }

    /// The keys of a file with a JSON Web Key Set, which is read again as keys of [`jwks_url`](Self::jwks_url) are fetched
    /// again.
    ///
    /// # Errors
    /// [`JwtKeysError`] if it cannot be read now, or is no such set.
    pub fn jwks_file(path: impl Into<PathBuf>) -> Result<Self, JwtKeysError> {
        let path = path.into();
        let text = std::fs::read(&path).map_err(|error| JwtKeysError::File {
            path: path.display().to_string(),
            error: error.to_string(),
        })?;
        KeySet::parse(&text, Kinds::All)?;
        let read = move || {
            let path = path.clone();
            async move {
                let reading = tokio::task::spawn_blocking(move || std::fs::read(path));
                let read = reading.await.map_err(|error| error.to_string())?;
                read.map_err(|error| error.to_string())
            }
        };
        Ok(Self::fetched(Kinds::All, read))
    }

    /// The public keys that an issuer publishes at this address (`jwks_uri` of OpenID Connect), of `https`, or of `http` on
    /// this machine.
    ///
    /// They are fetched with the first token, again when they are 10 minutes old, and for a token whose key id they lack,
    /// at most every 30 s; there is one fetch at a time. Older keys are kept while a fetch fails, which is logged, and tried
    /// again after 5 s. While there are none yet, clients come back later
    /// ([`AuthError::Unavailable`](crate::AuthError::Unavailable)). An answer has 5 s, 256 KiB and 64 keys at most.
    ///
    /// # Errors
    /// [`JwtKeysError::Address`]
    pub fn jwks_url(url: &str) -> Result<Self, JwtKeysError> {
        Self::at(url, Roots::System)
    }

    /// The same, if the certificate of the address is of a certificate authority of one's own: these root certificates, in
    /// PEM, count in place of the system's.
    ///
    /// # Errors
    /// [`JwtKeysError::Address`], [`JwtKeysError::Roots`]
    pub fn jwks_url_with_roots(url: &str, roots: impl AsRef<[u8]>) -> Result<Self, JwtKeysError> {
        let roots = Roots::parse(roots.as_ref()).ok_or(JwtKeysError::Roots)?;
        Self::at(url, roots)
    }

    fn at(url: &str, roots: Roots) -> Result<Self, JwtKeysError> {
        let address = Address::parse(url, roots);
        let address = address.ok_or_else(|| JwtKeysError::Address(without_user(url)))?;
        let address = Arc::new(address);
        let get = move || {
            let address = Arc::clone(&address);
            async move { address.get().await.map_err(|error| error.to_string()) }
        };
        Ok(Self::fetched(Kinds::Public, get))
    }

    /// The public keys that a function fetches, as a JSON Web Key Set, when [`jwks_url`](Self::jwks_url) would: for
    /// issuers that need another HTTP client. Errors are logged.
    pub fn jwks_by<F, R>(fetch: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<Vec<u8>, String>> + Send + 'static,
    {
        Self::fetched(Kinds::Public, fetch)
    }

    fn key(key: Key) -> Self {
        Self(Source::Fixed(Arc::new(KeySet::of(key))))
    }

    fn fetched<F, R>(kinds: Kinds, fetch: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<Vec<u8>, String>> + Send + 'static,
    {
        let fetch = move || {
            let fetched = fetch();
            let bounded = async move {
                let text = fetched.await?;
                if text.len() > JWKS_BYTES {
                    return Err(format!("the set has more than {JWKS_BYTES} bytes"));
                }
                Ok(text)
            };
            Box::pin(bounded) as super::cache::Fetched
        };
        Self(Source::Fetched(Cache::new(kinds, Box::new(fetch))))
    }

    /// The keys to verify a token by.
    pub(super) async fn of_token(&self, token: &Token<'_>) -> Result<Arc<KeySet>, JwtError> {
        match &self.0 {
            Source::Fixed(keys) => Ok(Arc::clone(keys)),
            Source::Fetched(cache) => cache.keys(token).await,
        }
    }
}

/// The address without the user and password that it may contain.
fn without_user(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.into();
    };
    let end = rest.find('/').unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://…{}", &rest[at..]),
        None => url.into(),
    }
}
