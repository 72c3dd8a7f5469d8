//! Authentication of clients, and the grants that say what each may do.

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
