//! Who a client is, and what it may do.

mod error;
mod grant;

pub use error::AuthError;
pub use grant::Grant;
