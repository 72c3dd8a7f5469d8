//! The server's half of the opening handshake, of RFC 6455 section 4.2 over HTTP/1.1 and of RFC 8441 over HTTP/2.

mod error;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CONNECTION, CONTENT_LENGTH, HOST, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version};
use sha1::{Digest, Sha1};

pub use error::HandshakeError;

/// Constant that is appended to the client's key (RFC 6455 section 1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Request that opens a WebSocket.
#[derive(Debug)]
pub struct Handshake {
    form: Form,
    protocol: Option<HeaderValue>,
}

/// Form of the request.
#[derive(Debug)]
enum Form {
    /// GET with an upgrade of the connection; `accept` answers its key.
    Upgrade { accept: HeaderValue },
    /// CONNECT on a stream of an HTTP/2 connection.
    Connect,
}

impl Handshake {
    /// Reads a request: over HTTP/1.1 a GET with an upgrade (RFC 6455 section 4.2.1), over HTTP/2 an extended CONNECT
    /// (RFC 8441 section 5), whose pseudo-header `:protocol` is `protocol`.
    ///
    /// # Errors
    /// Fails if it does not open a WebSocket; [`HandshakeError::response`] is the response to send.
    pub fn read(request: &Parts, protocol: Option<&str>) -> Result<Self, HandshakeError> {
        let form = if request.version == Version::HTTP_2 {
            read_connect(request, protocol)?
        } else {
            read_upgrade(request)?
        };
        Ok(Self {
            form,
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

    /// The response, after which the connection or the stream is a WebSocket: 101 to an upgrade (RFC 6455 section
    /// 4.2.2), 200 to a CONNECT.
    #[must_use]
    pub fn response(self) -> Response<()> {
        let mut response = match self.form {
            Form::Upgrade { accept } => {
                let mut response = upgrade(StatusCode::SWITCHING_PROTOCOLS);
                response.headers_mut().insert(SEC_WEBSOCKET_ACCEPT, accept);
                response
            }
            Form::Connect => of_status(StatusCode::OK),
        };
        if let Some(protocol) = self.protocol {
            response
                .headers_mut()
                .insert(SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        response
    }
}

fn read_upgrade(request: &Parts) -> Result<Form, HandshakeError> {
    let headers = &request.headers;
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
    check_body_and_version(headers)?;
    let key = only(headers, &SEC_WEBSOCKET_KEY).filter(|key| is_key(key.as_bytes()));
    let accept = key.and_then(|key| HeaderValue::try_from(accept(key.as_bytes())).ok());
    Ok(Form::Upgrade {
        accept: accept.ok_or(HandshakeError::Key)?,
    })
}

/// Headers of an upgrade (`Upgrade`, `Connection`, `Sec-WebSocket-Key`) have no meaning here (RFC 8441 section 5).
fn read_connect(request: &Parts, protocol: Option<&str>) -> Result<Form, HandshakeError> {
    if request.method != Method::CONNECT {
        return Err(HandshakeError::Method);
    }
    if protocol != Some("websocket") {
        return Err(HandshakeError::Protocol);
    }
    if request.uri.authority().is_none() {
        return Err(HandshakeError::Host);
    }
    check_body_and_version(&request.headers)?;
    Ok(Form::Connect)
}

fn check_body_and_version(headers: &HeaderMap) -> Result<(), HandshakeError> {
    if has_body(headers) {
        return Err(HandshakeError::Body);
    }
    let version = only(headers, &SEC_WEBSOCKET_VERSION);
    if version.is_none_or(|version| version != "13") {
        return Err(HandshakeError::Version);
    }
    Ok(())
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
mod tests;
