//! Error of a request of another origin's page, and its HTTP answer.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// Error of a request of another origin's page: 403.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum OriginError {
    /// The page has no origin: it is a file, or in a sandboxed frame.
    #[error("the page's origin is null, which is never that of this server")]
    Null,
    /// The header is not one origin with a host.
    #[error("the header Origin is not one origin: {0:?}")]
    Malformed(String),
    /// The request names no host, or several.
    #[error("the page is one of {origin}, and the request does not say for which host it is")]
    NoHost {
        /// The page's origin.
        origin: String,
    },
    /// The hosts differ.
    #[error("the page is one of {origin}, the request for {host}: the hosts differ")]
    Host {
        /// The page's origin.
        origin: String,
        /// Host and port of the request.
        host: String,
    },
    /// The ports differ.
    #[error("the page is one of {origin}, the request for {host}: the ports differ")]
    Port {
        /// The page's origin.
        origin: String,
        /// Host and port of the request.
        host: String,
    },
}

impl IntoResponse for OriginError {
    fn into_response(self) -> Response {
        (StatusCode::FORBIDDEN, self.to_string()).into_response()
    }
}
