//! The request that opens a WebSocket (RFC 6455 section 4.2.1, RFC 8441).

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use hyper::ext::Protocol;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use push_wire_websocket::{Handshake, HandshakeError};
use tokio::net::TcpStream;

use super::GOING_AWAY;
use crate::connection::{Joined, Prefixed, tune_tcp};
use crate::limits::RETURN_SPREAD;
use crate::peer::Dialect;

/// The subprotocol of the push-wire dialect (docs/protocol.md section 1).
const SUBPROTOCOL: &str = "push-wire.v1";

/// Extractor of the request that opens a WebSocket, for [`PushServer::upgrade`](crate::PushServer::upgrade): a GET over
/// HTTP/1.1, a CONNECT over HTTP/2.
#[derive(Debug)]
pub struct WebSocketUpgrade {
    on_upgrade: OnUpgrade,
    handshake: Handshake,
    dialect: Dialect,
    request: Box<Parts>,
}

impl WebSocketUpgrade {
    /// The answer to the client, and the parts of its connection.
    pub(crate) fn accept(self) -> (Response, OnUpgrade, Dialect, Box<Parts>) {
        let response = self.handshake.response().map(|()| Body::empty());
        (response, self.on_upgrade, self.dialect, self.request)
    }
}

/// Response to a client that connects while the server drains: 503 with `Retry-After`.
pub(crate) fn draining() -> Response {
    let later = [(RETRY_AFTER, RETURN_SPREAD.as_secs().to_string())];
    (StatusCode::SERVICE_UNAVAILABLE, later, GOING_AWAY).into_response()
}

/// A WebSocket's stream that is not a TCP stream of its own: over TLS, over HTTP/2, of another listener.
type OtherStream = Joined<TokioIo<Upgraded>>;

/// The TCP stream under a connection that was accepted from a `TcpListener`; any other stream as the error.
pub(crate) fn tcp_stream(upgraded: Upgraded) -> Result<Prefixed<TcpStream>, OtherStream> {
    let parts = downcast::<TokioIo<TcpStream>>(upgraded)
        .map_err(|other| Joined::new(TokioIo::new(other)))?;
    let tcp = parts.io.into_inner();
    if let Err(error) = tune_tcp(&tcp) {
        tracing::debug!(%error, "could not set the TCP options of a connection");
    }
    Ok(Prefixed::new(&parts.read_buf, tcp))
}

/// Error of a request that does not open a WebSocket.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpgradeError {
    /// The request is not one that opens a WebSocket.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// The HTTP server does not support upgrades of connections: 500.
    #[error("the HTTP server does not support upgrades, or its connection was taken already")]
    NotUpgradable,
}

impl IntoResponse for UpgradeError {
    fn into_response(self) -> Response {
        let text = self.to_string();
        match self {
            Self::Handshake(error) => error.response().map(|()| text).into_response(),
            Self::NotUpgradable => (StatusCode::INTERNAL_SERVER_ERROR, text).into_response(),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for WebSocketUpgrade {
    type Rejection = UpgradeError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, UpgradeError> {
        let protocol = parts.extensions.get().map(Protocol::as_str);
        let mut handshake = Handshake::read(parts, protocol)?;
        let dialect = if handshake.agree(parts, SUBPROTOCOL) {
            Dialect::Wire
        } else {
            Dialect::Json
        };
        let on_upgrade = parts.extensions.remove();
        Ok(Self {
            on_upgrade: on_upgrade.ok_or(UpgradeError::NotUpgradable)?,
            handshake,
            dialect,
            request: Box::new(parts.clone()),
        })
    }
}
