//! The request that opens a WebSocket (RFC 6455 section 4.2.1).

use axum::extract::FromRequestParts;
use axum::http::header::{
    CONNECTION, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Version};
use axum::response::{IntoResponse, Response};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use tokio::net::TcpStream;

use crate::peer::Dialect;
use crate::transport::websocket::{accept, is_key};
use crate::transport::{Prefixed, tune_tcp};

/// The subprotocol of the push-wire dialect (docs/protocol.md section 1).
const SUBPROTOCOL: &str = "push-wire.v1";

/// Takes the request that opens a WebSocket; what
/// [`PushServer::upgrade`](crate::PushServer::upgrade) turns into a connection.
#[derive(Debug)]
pub struct WebSocketUpgrade {
    on_upgrade: OnUpgrade,
    accept: HeaderValue,
    dialect: Dialect,
    request: Box<Parts>,
}

impl WebSocketUpgrade {
    /// The answer to the client, and what its connection is made from.
    pub(crate) fn accept(self) -> (Response, OnUpgrade, Dialect, Box<Parts>) {
        let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
        let headers = response.headers_mut();
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, self.accept);
        if self.dialect == Dialect::Wire {
            let subprotocol = HeaderValue::from_static(SUBPROTOCOL);
            headers.insert(SEC_WEBSOCKET_PROTOCOL, subprotocol);
        }
        (response, self.on_upgrade, self.dialect, self.request)
    }
}

/// The TCP stream under a connection that `axum::serve` took from a `TcpListener`; the connection as it is, if it
/// came another way.
pub(crate) fn tcp_stream(upgraded: Upgraded) -> Result<Prefixed<TcpStream>, TokioIo<Upgraded>> {
    let parts = downcast::<TokioIo<TcpStream>>(upgraded).map_err(TokioIo::new)?;
    let tcp = parts.io.into_inner();
    if let Err(error) = tune_tcp(&tcp) {
        tracing::debug!(%error, "the TCP options of a connection could not be set");
    }
    Ok(Prefixed::new(&parts.read_buf, tcp))
}

/// Why a request does not open a WebSocket.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpgradeError {
    /// An ordinary request: 426.
    #[error("this address speaks WebSocket: connect to it with ws:// or wss://")]
    NotAnUpgrade,
    /// A method other than GET: 405.
    #[error("a WebSocket is opened with GET")]
    Method,
    /// A version other than 13: 426.
    #[error("only version 13 of WebSocket is spoken here")]
    UnsupportedVersion,
    /// No key of 16 bytes in base64: 400.
    #[error("Sec-WebSocket-Key must be 16 bytes in base64")]
    BadKey,
    /// The HTTP server under this router does not hand over connections: 500.
    #[error("the HTTP server cannot hand over its connection, or something took it already")]
    NotUpgradable,
}

impl IntoResponse for UpgradeError {
    fn into_response(self) -> Response {
        let status = match self {
            Self::NotAnUpgrade | Self::UnsupportedVersion => StatusCode::UPGRADE_REQUIRED,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::BadKey => StatusCode::BAD_REQUEST,
            Self::NotUpgradable => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let mut response = (status, self.to_string()).into_response();
        if status == StatusCode::UPGRADE_REQUIRED {
            let headers = response.headers_mut();
            headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        }
        response
    }
}

impl<S: Sync> FromRequestParts<S> for WebSocketUpgrade {
    type Rejection = UpgradeError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, UpgradeError> {
        let headers = &parts.headers;
        // HTTP/2 opens WebSockets with CONNECT (RFC 8441), which is not offered.
        if parts.version != Version::HTTP_11
            || !has_token(headers, &UPGRADE, "websocket")
            || !has_token(headers, &CONNECTION, "upgrade")
        {
            return Err(UpgradeError::NotAnUpgrade);
        }
        if parts.method != Method::GET {
            return Err(UpgradeError::Method);
        }
        if headers
            .get(SEC_WEBSOCKET_VERSION)
            .is_none_or(|version| version != "13")
        {
            return Err(UpgradeError::UnsupportedVersion);
        }
        let key = headers.get(SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes);
        let key = key.filter(|key| is_key(key)).ok_or(UpgradeError::BadKey)?;
        let accept = HeaderValue::from_str(&accept(key)).map_err(|_| UpgradeError::BadKey)?;
        let dialect = match has_token(headers, &SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL) {
            true => Dialect::Wire,
            false => Dialect::Json,
        };
        let on_upgrade = parts
            .extensions
            .remove()
            .ok_or(UpgradeError::NotUpgradable)?;
        Ok(Self {
            on_upgrade,
            accept,
            dialect,
            request: Box::new(parts.clone()),
        })
    }
}

/// Whether a header, a comma-separated list over one or more lines, has this item in any case.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let lines = headers.get_all(name).into_iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|item| item.trim().eq_ignore_ascii_case(token))
}
