//! Authentication of clients, and the grants that hold their rights.

mod authenticator;
mod error;
mod grant;
mod validator;

pub(crate) use authenticator::{AnyAuthenticator, PendingGrant};
pub use authenticator::{Authenticator, Credentials};
pub use error::AuthError;
pub use grant::Grant;
pub use validator::AuthValidator;
pub(crate) use validator::ByValidator;
