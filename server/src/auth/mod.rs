//! Authentication of clients, and the grants that hold their rights.

mod authenticator;
mod bearer;
mod error;
mod grant;
#[cfg(feature = "jwt")]
mod jwt;
mod revocation;
mod validator;

pub(crate) use authenticator::{AnyAuthenticator, PendingGrant};
pub use authenticator::{Authenticator, Credentials};
pub(crate) use bearer::bearer;
pub use error::AuthError;
pub use grant::Grant;
#[cfg(feature = "jwt")]
pub use jwt::{JwtAuthenticator, JwtClaims, JwtKeys, JwtKeysError};
pub(crate) use revocation::Revocations;
pub use revocation::{Revocation, RevokeError};
pub use validator::AuthValidator;
pub(crate) use validator::ByValidator;
