//! Tests of the check of `Origin` and of CORS, over every way into a server.

mod preflight;
mod server;

use std::net::SocketAddr;

use axum::http;
use bytes::Bytes;
use http_body_util::Empty;
use push_wire_server::Frame;
use serde_json::json;
use tokio::net::TcpStream;
use uuid::Uuid;

use self::server::{Kind, Server};
use crate::http::Request;
use crate::http2_client::{Http2, connect};

const JSON: &str = "application/json";
const BYTES: &str = "application/octet-stream";
const SUBPROTOCOL: (&str, &str) = ("sec-websocket-protocol", "push-wire.v1");

/// A kind of request.
#[derive(Clone, Copy, Debug)]
enum Way {
    WebSocket,
    WireWebSocket,
    Http2WebSocket,
    Http2WireWebSocket,
    Events,
    Http2Events,
    WireEvents,
    Send,
    WireSend,
    Ack,
}

const WAYS: [Way; 10] = [
    Way::WebSocket,
    Way::WireWebSocket,
    Way::Http2WebSocket,
    Way::Http2WireWebSocket,
    Way::Events,
    Way::Http2Events,
    Way::WireEvents,
    Way::Send,
    Way::WireSend,
    Way::Ack,
];

/// Status and headers of an answer, and its body if it is refused.
#[derive(Debug)]
struct Seen {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Seen {
    fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter().filter(|(known, _)| known == name);
        let found = headers.next().map(|(_, value)| value.as_str());
        assert!(headers.next().is_none(), "{name} twice: {self:?}");
        found
    }
}

impl Way {
    /// Status of an answer to a page that is not refused. The POSTs are for a client that is not connected.
    const fn taken(self) -> u16 {
        match self {
            Self::WebSocket | Self::WireWebSocket => 101,
            Self::Http2WebSocket | Self::Http2WireWebSocket => 200,
            Self::Events | Self::Http2Events | Self::WireEvents => 200,
            Self::Send | Self::Ack => 404,
            Self::WireSend => 401,
        }
    }

    const fn is_websocket(self) -> bool {
        matches!(
            self,
            Self::WebSocket | Self::WireWebSocket | Self::Http2WebSocket | Self::Http2WireWebSocket
        )
    }

    /// The request over HTTP/1.1, if it is one.
    fn http1(self) -> Option<Request> {
        let client = Uuid::new_v4();
        let events = format!("/rps/sse?client_id={client}");
        let ack = json!({ "client_id": client, "channel": "chat", "cursor": 1 });
        let frame = json!({ "client_id": client, "channel": "chat", "payload": 1 });
        Some(match self {
            Self::WebSocket => Request::new("GET", "/rps").upgrade(),
            Self::WireWebSocket => {
                let (name, value) = SUBPROTOCOL;
                Request::new("GET", "/rps").upgrade().header(name, value)
            }
            Self::Events => Request::new("GET", &events),
            Self::WireEvents => Request::new("POST", "/rps/sse").body(BYTES, "x"),
            Self::Send => Request::new("POST", "/rps/send").body(JSON, frame.to_string()),
            Self::WireSend => {
                let target = format!("/rps/send?client={client}&attempt=1&number=1");
                Request::new("POST", &target).body(BYTES, "x")
            }
            Self::Ack => Request::new("POST", "/rps/ack").body(JSON, ack.to_string()),
            Self::Http2WebSocket | Self::Http2WireWebSocket | Self::Http2Events => return None,
        })
    }

    /// The request over HTTP/2, to this host.
    fn http2(self, host: &str) -> http::Request<Empty<Bytes>> {
        let mut request = connect("/rps");
        if matches!(self, Self::Http2WireWebSocket) {
            let (name, value) = SUBPROTOCOL;
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let mut target = format!("http://{host}/rps");
        if matches!(self, Self::Http2Events) {
            target.push_str(&format!("/sse?client_id={}", Uuid::new_v4()));
            request = http::Request::new(Empty::new());
        }
        *request.uri_mut() = target.parse().unwrap();
        request
    }

    /// Sends the request to this host, with these headers.
    async fn ask(self, address: SocketAddr, host: &str, headers: &[(&str, &str)]) -> Seen {
        let Some(request) = self.http1() else {
            return ask_http2(address, self.http2(host), headers).await;
        };
        let request = headers
            .iter()
            .fold(request.to(host), |request, (name, value)| {
                request.header(name, value)
            });
        let mut response = request.open(address).await;
        let body = match response.status {
            403 => response.rest().await,
            _ => String::new(),
        };
        Seen {
            status: response.status,
            headers: response.headers,
            body,
        }
    }
}

async fn ask_http2(
    address: SocketAddr,
    mut request: http::Request<Empty<Bytes>>,
    headers: &[(&str, &str)],
) -> Seen {
    for (name, value) in headers {
        let name: http::HeaderName = name.parse().unwrap();
        request.headers_mut().append(name, value.parse().unwrap());
    }
    let socket = TcpStream::connect(address).await.unwrap();
    let response = Http2::over(socket).await.answer(request).await;
    let text = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.to_string(), value.to_str().unwrap().to_owned())
    };
    Seen {
        status: response.status().as_u16(),
        headers: response.headers().iter().map(text).collect(),
        body: String::new(),
    }
}

/// Expected answer.
#[derive(Clone, Copy, Debug)]
enum Expected {
    Refused,
    /// Taken, without headers of CORS.
    Own,
    /// Taken; the page may read the answer, and send credentials.
    Other {
        credentials: bool,
    },
}

use Expected::{Other, Own, Refused};

/// A server, the host of a request, its headers, and the expected answer.
type Case<'a> = (Kind, &'a str, &'a [(&'a str, &'a str)], Expected);

const SITE: &str = "site.example";
const ORIGIN: (&str, &str) = ("origin", "https://site.example");
const OTHER: (&str, &str) = ("origin", "https://other.example");
const NULL: (&str, &str) = ("origin", "null");
const COOKIE: (&str, &str) = ("cookie", "user=ada");
const BEARER: (&str, &str) = ("authorization", "Bearer ada");
const LOCAL_PAGE: (&str, &str) = ("origin", "http://localhost:5173");
const LISTED: (&str, &str) = ("origin", "https://app.example");
const BELOW: (&str, &str) = ("origin", "https://a.b.example.org");
const APEX: (&str, &str) = ("origin", "https://example.org");
const CROSS_SITE: (&str, &str) = ("sec-fetch-site", "cross-site");
const SAME_SITE: (&str, &str) = ("sec-fetch-site", "same-site");
const SAME_ORIGIN: (&str, &str) = ("sec-fetch-site", "same-origin");
const X_HOST: (&str, &str) = ("x-forwarded-host", "site.example");
const FORWARDED: (&str, &str) = ("forwarded", "for=203.0.113.1;host=site.example");

const CREDENTIALS: Expected = Other { credentials: true };

/// Checks these requests by every way.
async fn check(cases: &[Case<'_>]) {
    for way in WAYS {
        for (kind, host, headers, expected) in cases {
            let server = Server::start(*kind).await;
            let seen = way.ask(server.address, host, headers).await;
            let case = format!("{way:?} {kind:?} {host} {headers:?}: {seen:?}");
            let status = match expected {
                Refused => 403,
                Own | Other { .. } => way.taken(),
            };
            assert_eq!(seen.status, status, "{case}");
            let origin = headers.iter().find(|(name, _)| *name == "origin");
            let (allowed, credentials) = match expected {
                Other { credentials } if !way.is_websocket() => {
                    (origin.map(|(_, origin)| *origin), *credentials)
                }
                Refused | Own | Other { .. } => (None, false),
            };
            assert_eq!(
                seen.header("access-control-allow-origin"),
                allowed,
                "{case}"
            );
            let vary = allowed.map(|_| "origin");
            assert_eq!(seen.header("vary"), vary, "{case}");
            let exposed = allowed.map(|_| "retry-after");
            assert_eq!(
                seen.header("access-control-expose-headers"),
                exposed,
                "{case}"
            );
            let credentials = credentials.then_some("true");
            let header = seen.header("access-control-allow-credentials");
            assert_eq!(header, credentials, "{case}");
        }
    }
}

#[tokio::test]
async fn own_pages_are_taken() {
    check(&[
        (Kind::Open, SITE, &[ORIGIN, COOKIE], Own),
        (Kind::Authenticated, SITE, &[ORIGIN, BEARER], Own),
        (Kind::Open, SITE, &[COOKIE], Own),
        (Kind::Authenticated, SITE, &[BEARER], Own),
    ])
    .await;
}

#[tokio::test]
async fn other_pages_have_no_credentials() {
    let other = Other { credentials: false };
    check(&[
        (Kind::Authenticated, SITE, &[OTHER, COOKIE], Refused),
        (Kind::Authenticated, SITE, &[OTHER, BEARER], Refused),
        (Kind::Authenticated, SITE, &[OTHER], other),
        (Kind::Open, SITE, &[OTHER], Refused),
        (Kind::Open, "site.example:8443", &[ORIGIN], Refused),
        (Kind::Open, SITE, &[NULL], Refused),
        (Kind::Authenticated, SITE, &[NULL, COOKIE], Refused),
        (Kind::Authenticated, SITE, &[NULL], other),
    ])
    .await;
}

#[tokio::test]
async fn loopback_pages_are_taken() {
    check(&[
        (
            Kind::Open,
            "127.0.0.1:4100",
            &[LOCAL_PAGE, COOKIE],
            CREDENTIALS,
        ),
        (
            Kind::Authenticated,
            "[::1]:4100",
            &[LOCAL_PAGE, COOKIE],
            CREDENTIALS,
        ),
        (Kind::Open, SITE, &[LOCAL_PAGE], Refused),
        (Kind::Open, "localhost:4100", &[OTHER], Refused),
    ])
    .await;
}

#[tokio::test]
async fn listed_pages_are_taken() {
    check(&[
        (Kind::Listed, SITE, &[LISTED, COOKIE], CREDENTIALS),
        (Kind::Listed, SITE, &[BELOW, BEARER], CREDENTIALS),
        (Kind::Listed, SITE, &[APEX], Refused),
        (Kind::Listed, SITE, &[NULL], Refused),
    ])
    .await;
}

#[tokio::test]
async fn host_of_trusted_proxies_counts() {
    let inner = "10.0.0.7:4101";
    check(&[
        (
            Kind::BehindXForwarded,
            inner,
            &[ORIGIN, X_HOST, COOKIE],
            Own,
        ),
        (
            Kind::BehindForwarded,
            inner,
            &[ORIGIN, FORWARDED, COOKIE],
            Own,
        ),
        (Kind::BehindXForwarded, inner, &[OTHER, X_HOST], Refused),
        (Kind::BehindXForwarded, inner, &[ORIGIN, FORWARDED], Refused),
        (Kind::BehindForwarded, inner, &[ORIGIN, X_HOST], Refused),
        (Kind::BehindAnother, inner, &[ORIGIN, X_HOST], Refused),
        (Kind::Open, inner, &[ORIGIN, X_HOST], Refused),
    ])
    .await;
}

/// Requests of an `<img>` or of `fetch` with `no-cors`, which have no `Origin`.
#[tokio::test]
async fn pages_without_origin_are_known_by_fetch_metadata() {
    check(&[
        (Kind::Open, SITE, &[CROSS_SITE], Refused),
        (Kind::Open, SITE, &[SAME_SITE, COOKIE], Refused),
        (Kind::Authenticated, SITE, &[CROSS_SITE, COOKIE], Refused),
        (Kind::Authenticated, SITE, &[SAME_SITE, BEARER], Refused),
        (Kind::Authenticated, SITE, &[CROSS_SITE], Own),
        (Kind::Open, SITE, &[SAME_ORIGIN, COOKIE], Own),
        (Kind::Listed, SITE, &[LISTED, CROSS_SITE], CREDENTIALS),
    ])
    .await;
}

/// A page of a name that leads to the server's address has the origin that it asks for.
#[tokio::test]
async fn rebound_names_are_refused() {
    let rebound = ("origin", "http://evil.example:4100");
    check(&[
        (Kind::Hosts, "evil.example:4100", &[rebound], Refused),
        (Kind::Hosts, "evil.example:4100", &[SAME_ORIGIN], Refused),
        (Kind::Hosts, "evil.example:4100", &[X_HOST], Refused),
        (Kind::Hosts, SITE, &[ORIGIN, COOKIE], Own),
        (Kind::Hosts, "a.example.org", &[], Own),
        (Kind::Hosts, "127.0.0.1:4100", &[], Own),
        (Kind::Hosts, "localhost:4100", &[LOCAL_PAGE], CREDENTIALS),
        (Kind::Open, "evil.example:4100", &[rebound], Own),
    ])
    .await;
    let server = Server::start(Kind::Hosts).await;
    let target = format!("/rps/dictionaries/{}", "0".repeat(64));
    for (host, status) in [("evil.example", 403), (SITE, 404)] {
        let request = Request::new("GET", &target).to(host);
        assert_eq!(request.send(server.address).await.status, status);
    }
}

#[tokio::test]
async fn refusals_say_what_differs() {
    let server = Server::start(Kind::Open).await;
    for way in [
        Way::WebSocket,
        Way::Events,
        Way::WireEvents,
        Way::Send,
        Way::WireSend,
        Way::Ack,
    ] {
        let seen = way.ask(server.address, SITE, &[OTHER]).await;
        for part in ["https://other.example", SITE, "hosts differ"] {
            assert!(seen.body.contains(part), "{way:?}: {seen:?}");
        }
        let is_json = seen.header("content-type") == Some(JSON);
        assert_eq!(is_json, !way.is_websocket(), "{way:?}: {seen:?}");
    }
}

/// A page of another origin that has the token reads entries, and sends.
#[tokio::test]
async fn token_holder_of_another_origin_takes_part() {
    let server = Server::start(Kind::Authenticated).await;
    let (origin, value) = OTHER;
    let id = Uuid::new_v4();
    let target = format!("/rps/sse?client_id={id}&channels=chat");
    let request = Request::new("GET", &target).header(origin, value);
    let mut stream = request.open(server.address).await;
    assert_eq!(stream.json().await["payload"]["op"], "auth_ok");
    let frame = Frame::new(server::Channel::Chat, json!("hello"));
    server.push.send(id, frame).unwrap();
    assert_eq!(stream.json().await["payload"], "hello");
    let ping = json!({ "client_id": id, "op": "ping" }).to_string();
    let request = Request::new("POST", "/rps/send").body(JSON, ping);
    let answer = request.header(origin, value).send(server.address).await;
    assert_eq!(
        (answer.status, answer.json()),
        (200, json!({ "op": "pong" }))
    );
    assert_eq!(answer.header("access-control-allow-origin"), Some(value));
}
