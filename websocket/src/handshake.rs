//! The server's half of the opening handshake (RFC 6455 section 4.2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    ALLOW, CONNECTION, CONTENT_LENGTH, HOST, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version};
use sha1::{Digest, Sha1};

/// Constant that is appended to the client's key (RFC 6455 section 1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Request that opens a WebSocket.
#[derive(Debug)]
pub struct Handshake {
    accept: HeaderValue,
    protocol: Option<HeaderValue>,
}

/// Error of a request that does not open a WebSocket, with the HTTP status that answers it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// An ordinary request, or one of another version of HTTP than 1.1: 426.
    #[error("this address accepts only WebSocket connections: use ws:// or wss://")]
    NotAnUpgrade,
    /// A method other than GET: 405.
    #[error("the method of a WebSocket request must be GET")]
    Method,
    /// No `Host`, or several: 400.
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

impl Handshake {
    /// Reads a request (RFC 6455 section 4.2.1).
    ///
    /// # Errors
    /// Fails if it does not open a WebSocket; [`HandshakeError::response`] is the response to send.
    pub fn read(request: &Parts) -> Result<Self, HandshakeError> {
        let headers = &request.headers;
        // HTTP/2 opens WebSockets with CONNECT (RFC 8441), which is not offered.
        if request.version != Version::HTTP_11
            || !has_token(headers, &UPGRADE, "websocket")
            || !has_token(headers, &CONNECTION, "upgrade")
        {
            return Err(HandshakeError::NotAnUpgrade);
        }
        if request.method != Method::GET {
            return Err(HandshakeError::Method);
        }
        only(headers, &HOST).ok_or(HandshakeError::Host)?;
        if has_body(headers) {
            return Err(HandshakeError::Body);
        }
        if only(headers, &SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
            return Err(HandshakeError::Version);
        }
        let key = only(headers, &SEC_WEBSOCKET_KEY).filter(|key| is_key(key.as_bytes()));
        let accept = key.and_then(|key| HeaderValue::try_from(accept(key.as_bytes())).ok());
        Ok(Self {
            accept: accept.ok_or(HandshakeError::Key)?,
            protocol: None,
        })
    }

    /// Selects a subprotocol if the client requests it, compared case-sensitively (RFC 6455 section 11.3.4); returns
    /// whether it does.
    pub fn agree(&mut self, request: &Parts, protocol: &'static str) -> bool {
        let asked =
            tokens(&request.headers, &SEC_WEBSOCKET_PROTOCOL).any(|asked| asked == protocol);
        if asked {
            self.protocol = Some(HeaderValue::from_static(protocol));
        }
        asked
    }

    /// The response (RFC 6455 section 4.2.2), after which the connection is a WebSocket.
    #[must_use]
    pub fn response(self) -> Response<()> {
        let mut response = upgrade(StatusCode::SWITCHING_PROTOCOLS);
        let headers = response.headers_mut();
        headers.insert(SEC_WEBSOCKET_ACCEPT, self.accept);
        if let Some(protocol) = self.protocol {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        response
    }
}

impl HandshakeError {
    /// The response; its body is the error's text.
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
                let get = HeaderValue::from_static("GET");
                response.headers_mut().insert(ALLOW, get);
                response
            }
            Self::Host | Self::Body | Self::Key => of_status(StatusCode::BAD_REQUEST),
        }
    }
}

fn of_status(status: StatusCode) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = status;
    response
}

/// A response with the header fields of an upgrade to WebSocket.
fn upgrade(status: StatusCode) -> Response<()> {
    let mut response = of_status(status);
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    response
}

/// The value of a header field that occurs exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).into_iter();
    values.next().filter(|_| values.next().is_none())
}

fn has_body(headers: &HeaderMap) -> bool {
    let mut lengths = headers.get_all(CONTENT_LENGTH).into_iter();
    headers.contains_key(TRANSFER_ENCODING) || lengths.any(|length| length != "0")
}

/// Items of a header that is a comma-separated list, over one or more lines.
fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).into_iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
}

/// Returns whether a list has this item in any case.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    tokens(headers, name).any(|item| item.eq_ignore_ascii_case(token))
}

fn is_key(key: &[u8]) -> bool {
    STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16)
}

fn accept(key: &[u8]) -> String {
    let digest = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    STANDARD.encode(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The headers of RFC 6455 section 1.3.
    const HEADERS: [(&str, &str); 5] = [
        ("Host", "server.example.com"),
        ("Upgrade", "WebSocket"),
        ("Connection", "keep-alive, Upgrade"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", "13"),
    ];

    fn parts(method: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = http::Request::builder().method(method).uri("/chat");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn with(more: &[(&str, &str)]) -> Parts {
        parts("GET", &[&HEADERS[..], more].concat())
    }

    fn without(name: &str) -> Parts {
        let rest = HEADERS.into_iter().filter(|header| header.0 != name);
        parts("GET", &rest.collect::<Vec<_>>())
    }

    fn error(request: &Parts) -> HandshakeError {
        Handshake::read(request).expect_err("refused")
    }

    #[test]
    fn accepts_example_of_rfc() {
        let response = Handshake::read(&with(&[])).unwrap().response();
        assert_eq!(response.status(), 101);
        assert_eq!(response.headers()["Upgrade"], "websocket");
        assert_eq!(response.headers()["Connection"], "upgrade");
        let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
        assert_eq!(response.headers()["Sec-WebSocket-Accept"], accept);
        assert!(!response.headers().contains_key("Sec-WebSocket-Protocol"));
    }

    #[test]
    fn refuses_ordinary_requests() {
        for name in ["Upgrade", "Connection"] {
            assert_eq!(error(&without(name)), HandshakeError::NotAnUpgrade);
        }
        let response = HandshakeError::NotAnUpgrade.response();
        assert_eq!(response.status(), 426);
        assert_eq!(response.headers()["Upgrade"], "websocket");
        assert_eq!(response.headers()["Connection"], "upgrade");
        assert_eq!(response.headers()["Sec-WebSocket-Version"], "13");
    }

    #[test]
    fn refuses_missing_and_double_headers() {
        let cases = [
            ("Host", "other", HandshakeError::Host, 400),
            (
                "Sec-WebSocket-Key",
                "dGhlIHNhbXBsZSBub25jZQ==",
                HandshakeError::Key,
                400,
            ),
            ("Sec-WebSocket-Version", "13", HandshakeError::Version, 426),
        ];
        for (name, value, expected, status) in cases {
            assert_eq!(error(&without(name)), expected);
            assert_eq!(error(&with(&[(name, value)])), expected);
            assert_eq!(expected.response().status(), status);
        }
    }

    #[test]
    fn refuses_bad_keys() {
        for key in ["", "dGhlIHNhbXBsZSBub25j", "not base64, not at all=="] {
            let mut request = with(&[]);
            let value = HeaderValue::from_str(key).unwrap();
            request.headers.insert(SEC_WEBSOCKET_KEY, value);
            assert_eq!(error(&request), HandshakeError::Key);
        }
    }

    #[test]
    fn refuses_bodies_and_other_methods() {
        assert_eq!(
            error(&with(&[("Content-Length", "2")])),
            HandshakeError::Body
        );
        assert_eq!(
            error(&with(&[("Transfer-Encoding", "chunked")])),
            HandshakeError::Body
        );
        assert!(Handshake::read(&with(&[("Content-Length", "0")])).is_ok());
        assert_eq!(error(&parts("POST", &HEADERS)), HandshakeError::Method);
        assert_eq!(HandshakeError::Method.response().headers()["Allow"], "GET");
    }

    #[test]
    fn subprotocols_are_matched_by_letter() {
        let agreed = |asked: &str| {
            let request = with(&[("Sec-WebSocket-Protocol", asked)]);
            let mut handshake = Handshake::read(&request).unwrap();
            let agreed = handshake.agree(&request, "chat.v1");
            let response = handshake.response();
            assert_eq!(
                agreed,
                response.headers().contains_key("Sec-WebSocket-Protocol")
            );
            agreed
        };
        assert!(agreed("mqtt, chat.v1"));
        assert!(!agreed("Chat.v1"));
        assert!(!agreed("chat.v10"));
    }
}
