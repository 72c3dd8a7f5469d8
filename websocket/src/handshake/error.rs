//! Errors of requests that do not open a WebSocket, and their responses.

use http::header::{ALLOW, SEC_WEBSOCKET_VERSION};
use http::{HeaderValue, Response, StatusCode};

use super::{of_status, upgrade};

/// Error of a request that does not open a WebSocket, with the HTTP status that answers it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// An ordinary request over HTTP/1.1, or a request over HTTP/1.0: 426.
    #[error("this address accepts only WebSocket connections: use ws:// or wss://")]
    NotAnUpgrade,
    /// A method other than GET over HTTP/1.1, or than CONNECT over HTTP/2: 405.
    #[error("a WebSocket request must be GET over HTTP/1.1, CONNECT over HTTP/2")]
    Method,
    /// A CONNECT whose `:protocol` is not `websocket`: 400.
    #[error("the :protocol of a WebSocket request must be websocket")]
    Protocol,
    /// No `Host`, or several; over HTTP/2, no `:authority`: 400.
    #[error("a WebSocket request needs exactly one Host header")]
    Host,
    /// A body: 400.
    #[error("a WebSocket request must have no body")]
    Body,
    /// No version, another than 13, or several: 426.
    #[error("unsupported WebSocket version: use version 13")]
    Version,
    /// No key of 16 bytes in base64, or several: 400.
    #[error("a WebSocket request needs exactly one Sec-WebSocket-Key header, 16 bytes in base64")]
    Key,
}

impl HandshakeError {
    /// The response; its body is the error's text. Over HTTP/2 the header fields of an upgrade are to be left out, as
    /// HTTP servers do.
    #[must_use]
    pub fn response(self) -> Response<()> {
        match self {
            Self::NotAnUpgrade | Self::Version => {
                let mut response = upgrade(StatusCode::UPGRADE_REQUIRED);
                let version = HeaderValue::from_static("13");
                response
                    .headers_mut()
                    .insert(SEC_WEBSOCKET_VERSION, version);
                response
            }
            Self::Method => {
                let mut response = of_status(StatusCode::METHOD_NOT_ALLOWED);
                let methods = HeaderValue::from_static("GET, CONNECT");
                response.headers_mut().insert(ALLOW, methods);
                response
            }
            Self::Protocol | Self::Host | Self::Body | Self::Key => {
                of_status(StatusCode::BAD_REQUEST)
            }
        }
    }
}
