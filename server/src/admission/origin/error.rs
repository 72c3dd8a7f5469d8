//! Error of a request that a browser may have sent for another site's page, and its HTTP answer.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// Error of a request that a browser may have sent for another site's page: 403.
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
    /// The browser names no origin, and says that the page is of another one, as for an `<img>`.
    #[error("the request is one of another site's page, and has no Origin (Sec-Fetch-Site: {0})")]
    Unnamed(&'static str),
    /// The request is for a host that is not listed.
    #[error("the request is for {0:?}, which is none of the allowed hosts")]
    UnknownHost(String),
}

impl OriginError {
    /// Advice for the operator of the server, which names the setting.
    pub(crate) const fn advice(&self) -> &'static str {
        match self {
            Self::Null
            | Self::Malformed(_)
            | Self::NoHost { .. }
            | Self::Host { .. }
            | Self::Port { .. }
            | Self::Unnamed(_) => {
                "a page of another origin was refused: if it may connect, list its origin in \
                 `PushServerBuilder::allowed_origins`; if it is the server's own, the proxy before the server has to pass on \
                 `Host` (docs/deploy.md)"
            }
            Self::UnknownHost(_) => {
                "a request for an unknown host was refused: if browsers may ask for the server by this name, list it in \
                 `PushServerBuilder::allowed_hosts`"
            }
        }
    }
}

impl IntoResponse for OriginError {
    fn into_response(self) -> Response {
        (StatusCode::FORBIDDEN, self.to_string()).into_response()
    }
}
