//! Tokens from the application's function.

use std::fmt;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;

use push_wire_shared::session::client::TokenError;
use tokio::task::JoinSet;

type Answer = Result<String, TokenError>;

/// Function of the application that gives a token, called before each attempt to connect.
#[derive(Clone)]
pub(crate) struct TokenSource(
    Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync>,
);

impl TokenSource {
    pub(crate) fn new<F, T>(get: F) -> Self
    where
        F: Fn() -> T + Send + Sync + 'static,
        T: Future<Output = Answer> + Send + 'static,
    {
        Self(Arc::new(move || Box::pin(get())))
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSource")
    }
}

/// The pending request for a token.
pub(crate) struct Tokens {
    source: Option<TokenSource>,
    request: u32,
    task: JoinSet<Answer>,
}

impl Tokens {
    pub(crate) fn new(source: Option<TokenSource>) -> Self {
        Self {
            source,
            request: 0,
            task: JoinSet::new(),
        }
    }

    /// Asks the application for a token; an earlier request is dropped.
    pub(crate) fn ask(&mut self, request: u32) {
        self.stop();
        self.request = request;
        if let Some(TokenSource(get)) = self.source.clone() {
            self.task.spawn(async move { get().await });
        }
    }

    /// Drops the request.
    pub(crate) fn stop(&mut self) {
        self.task = JoinSet::new();
    }

    /// Waits for the application's answer. Nothing is lost when the future is dropped. A panic of the function counts
    /// as a transient failure.
    pub(crate) async fn next(&mut self) -> (u32, Answer) {
        let answer = match self.task.join_next().await {
            None => pending().await,
            Some(Ok(answer)) => answer,
            Some(Err(error)) => {
                let message = format!("the token function failed: {error}");
                Err(TokenError::Retry { message })
            }
        };
        (self.request, answer)
    }
}
