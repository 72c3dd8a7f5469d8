//! A set of keys that is fetched, and fetched again when it is old or lacks a key.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as AsyncMutex;
use tokio::time::{Instant, timeout};

use super::error::JwtError;
use super::set::{KeySet, Kinds};
use super::token::Token;

/// Age at which a set is fetched again before it is used: after that time a withdrawn key is not accepted any more.
const MAX_AGE: Duration = Duration::from_secs(10 * 60);

/// Time after a fetch in which no unknown key id causes another one: tokens with invented ids cost the issuer nothing.
const COOLDOWN: Duration = Duration::from_secs(30);

/// Time after a failed fetch until the next one.
const RETRY: Duration = Duration::from_secs(5);

/// Longest time of a fetch; shorter than the time of a handshake (10 s).
const PATIENCE: Duration = Duration::from_secs(5);

/// Text of a set, or the reason for which it cannot be had.
pub(super) type Fetched = Pin<Box<dyn Future<Output = Result<Vec<u8>, String>> + Send>>;

/// Function that fetches the text of a set.
pub(super) type Fetch = Box<dyn Fn() -> Fetched + Send + Sync>;

/// A set that is fetched when it is needed.
pub(super) struct Cache {
    fetch: Fetch,
    kinds: Kinds,
    state: Mutex<State>,
    /// Held during a fetch: there is one at a time.
    flight: AsyncMutex<()>,
}

#[derive(Clone, Default)]
struct State {
    keys: Option<Arc<KeySet>>,
    /// Time at which `keys` were fetched.
    fetched: Option<Instant>,
    /// Number of fetches that have ended.
    fetches: u64,
    /// Time before which there is none.
    next: Option<Instant>,
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("keys", &self.state().keys)
            .finish_non_exhaustive()
    }
}

impl Cache {
    pub(super) fn new(kinds: Kinds, fetch: Fetch) -> Arc<Self> {
        Arc::new(Self {
            fetch,
            kinds,
            state: Mutex::default(),
            flight: AsyncMutex::default(),
        })
    }

    /// The keys for a token. Old keys are kept while no newer ones can be had.
    ///
    /// # Errors
    /// [`JwtError::NoKeys`] if there were never any.
    pub(super) async fn keys(self: &Arc<Self>, token: &Token<'_>) -> Result<Arc<KeySet>, JwtError> {
        let seen = self.state();
        if !seen.needs_fetch(token, Instant::now()) {
            return seen.keys.ok_or(JwtError::NoKeys);
        }
        // In a task of its own: a client that leaves does not end a fetch that others wait for.
        let this = Arc::clone(self);
        let fetch = tokio::spawn(async move { this.fetch_after(seen.fetches).await });
        if let Err(error) = fetch.await {
            tracing::error!(%error, "fetching the keys of tokens panicked");
        }
        self.state().keys.ok_or(JwtError::NoKeys)
    }

    fn state(&self) -> State {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // No holder calls other code, so the state is consistent after a panic too.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches, unless a fetch has ended since so many had.
    async fn fetch_after(&self, fetches: u64) {
        let _flight = self.flight.lock().await;
        if self.lock().fetches != fetches {
            return;
        }
        let text = timeout(PATIENCE, (self.fetch)()).await;
        let text = text.unwrap_or_else(|_| Err(format!("no answer within {PATIENCE:?}")));
        let keys = text
            .and_then(|text| KeySet::parse(&text, self.kinds).map_err(|error| error.to_string()));
        let now = Instant::now();
        let mut state = self.lock();
        state.fetches += 1;
        match keys {
            Ok(keys) => {
                state.keys = Some(Arc::new(keys));
                state.fetched = Some(now);
                state.next = Some(now + COOLDOWN);
            }
            Err(error) => {
                state.next = Some(now + RETRY);
                let kept = state.keys.is_some();
                drop(state);
                tracing::warn!(error, kept, "the keys of tokens could not be fetched");
            }
        }
    }
}

impl State {
    /// Returns whether a fetch is needed before a token can be verified, and is due.
    fn needs_fetch(&self, token: &Token<'_>, now: Instant) -> bool {
        if self.next.is_some_and(|next| now < next) {
            return false;
        }
        let is_fresh = self.fetched.is_some_and(|at| now < at + MAX_AGE);
        let has_key = |keys: &Arc<KeySet>| keys.of_token(token).next().is_some();
        !is_fresh || !self.keys.as_ref().is_some_and(has_key)
    }
}
