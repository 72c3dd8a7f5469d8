//! Tests of the opening handshake.

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
    Handshake::read(request, None).expect_err("refused")
}

#[test]
fn accepts_example_of_rfc() {
    let response = Handshake::read(&with(&[]), None).unwrap().response();
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
    assert!(Handshake::read(&with(&[("Content-Length", "0")]), None).is_ok());
    assert_eq!(error(&parts("POST", &HEADERS)), HandshakeError::Method);
    assert_eq!(
        HandshakeError::Method.response().headers()["Allow"],
        "GET, CONNECT"
    );
}

#[test]
fn subprotocols_are_matched_by_letter() {
    let agreed = |asked: &str| {
        let request = with(&[("Sec-WebSocket-Protocol", asked)]);
        let mut handshake = Handshake::read(&request, None).unwrap();
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

/// A CONNECT over HTTP/2 with these headers.
fn connect(headers: &[(&str, &str)]) -> Parts {
    let mut request = parts("CONNECT", headers);
    request.version = Version::HTTP_2;
    request.uri = "https://server.example.com/chat".parse().unwrap();
    request
}

const CONNECT_HEADERS: [(&str, &str); 2] = [
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Protocol", "chat.v1"),
];

#[test]
fn accepts_extended_connect() {
    let request = connect(&CONNECT_HEADERS);
    let mut handshake = Handshake::read(&request, Some("websocket")).unwrap();
    assert!(handshake.agree(&request, "chat.v1"));
    let response = handshake.response();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["Sec-WebSocket-Protocol"], "chat.v1");
    assert_eq!(response.headers().len(), 1);
}

#[test]
fn refuses_bad_connects() {
    let error =
        |request: &Parts, protocol| Handshake::read(request, protocol).expect_err("refused");
    let good = connect(&CONNECT_HEADERS);
    for protocol in [None, Some("connect-udp"), Some("WebSocket")] {
        assert_eq!(error(&good, protocol), HandshakeError::Protocol);
    }
    assert_eq!(HandshakeError::Protocol.response().status(), 400);
    let websocket = Some("websocket");
    let mut get = connect(&CONNECT_HEADERS);
    get.method = Method::GET;
    assert_eq!(error(&get, websocket), HandshakeError::Method);
    let mut nowhere = connect(&CONNECT_HEADERS);
    nowhere.uri = "/chat".parse().unwrap();
    assert_eq!(error(&nowhere, websocket), HandshakeError::Host);
    for headers in [&[][..], &[("Sec-WebSocket-Version", "8")]] {
        assert_eq!(error(&connect(headers), websocket), HandshakeError::Version);
    }
    let body = [CONNECT_HEADERS[0], ("Content-Length", "2")];
    assert_eq!(error(&connect(&body), websocket), HandshakeError::Body);
}

#[test]
fn connect_needs_http_2() {
    let mut request = connect(&CONNECT_HEADERS);
    request.version = Version::HTTP_11;
    let read = Handshake::read(&request, Some("websocket"));
    assert_eq!(read.expect_err("refused"), HandshakeError::NotAnUpgrade);
}
