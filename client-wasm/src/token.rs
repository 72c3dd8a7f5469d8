//! The application's token function.

use std::pin::Pin;
use std::rc::Rc;

use push_wire_shared::session::client::TokenError;

type Answer = Pin<Box<dyn Future<Output = Result<String, TokenError>>>>;

/// Function that gives a token.
#[derive(Clone)]
pub(crate) struct TokenSource(Rc<dyn Fn() -> Answer>);

impl TokenSource {
    /// A source that calls `get`.
    pub(crate) fn new<T>(get: impl Fn() -> T + 'static) -> Self
    where
        T: Future<Output = Result<String, TokenError>> + 'static,
    {
        Self(Rc::new(move || Box::pin(get())))
    }

    /// Calls the function. Its future is the caller's to run.
    pub(crate) fn get(&self) -> Answer {
        (self.0)()
    }
}
