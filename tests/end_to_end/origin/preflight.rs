//! Tests of preflights: OPTIONS requests by which browsers ask whether a page may send a request.

use super::server::{Kind, Server};
use super::{LISTED, LOCAL_PAGE, ORIGIN, OTHER, SITE};
use crate::http::{Answer, Request};

const ROUTES: [(&str, &str); 3] = [
    ("/rps/sse", "GET, POST"),
    ("/rps/send", "POST"),
    ("/rps/ack", "POST"),
];

const HEADERS: &str = "content-type, last-event-id, push-wire-secret";

async fn ask(server: &Server, route: &str, host: &str, origin: (&str, &str)) -> Answer {
    let (name, value) = origin;
    let request = Request::new("OPTIONS", route).to(host).header(name, value);
    let request = request
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "authorization,content-type",
        );
    request.send(server.address).await
}

#[tokio::test]
async fn pages_are_told_what_they_may_send() {
    let with_credentials = format!("{HEADERS}, authorization");
    for (kind, host, origin, credentials) in [
        (Kind::Authenticated, SITE, OTHER, false),
        (Kind::Listed, SITE, LISTED, true),
        (Kind::Open, "127.0.0.1:4100", LOCAL_PAGE, true),
    ] {
        let server = Server::start(kind).await;
        for (route, methods) in ROUTES {
            let answer = ask(&server, route, host, origin).await;
            let case = format!("{kind:?} {route}: {answer:?}");
            assert_eq!((answer.status, &*answer.body), (204, ""), "{case}");
            let headers = if credentials {
                &with_credentials
            } else {
                HEADERS
            };
            for (name, expected) in [
                ("access-control-allow-origin", Some(origin.1)),
                (
                    "access-control-allow-credentials",
                    credentials.then_some("true"),
                ),
                ("access-control-allow-methods", Some(methods)),
                ("access-control-allow-headers", Some(headers)),
                ("access-control-max-age", Some("7200")),
                ("vary", Some("origin")),
            ] {
                assert_eq!(answer.header(name), expected, "{name}: {case}");
            }
        }
    }
}

#[tokio::test]
async fn refused_pages_are_told_nothing() {
    for (kind, origin) in [
        (Kind::Open, OTHER),
        (Kind::Listed, OTHER),
        (Kind::Open, ("origin", "null")),
    ] {
        let server = Server::start(kind).await;
        for (route, _) in ROUTES {
            let answer = ask(&server, route, SITE, origin).await;
            assert_eq!(answer.status, 403, "{kind:?} {route}: {answer:?}");
            let allows = |(name, _): &(String, String)| name.starts_with("access-control-");
            assert!(!answer.headers.iter().any(allows), "{answer:?}");
        }
    }
}

/// An OPTIONS request of the server's own pages asks nothing; nor does one without the preflight's header.
#[tokio::test]
async fn other_options_are_not_answered() {
    let server = Server::start(Kind::Listed).await;
    for (route, methods) in ROUTES {
        let own = ask(&server, route, SITE, ORIGIN).await;
        let (name, value) = LISTED;
        let plain = Request::new("OPTIONS", route).header(name, value);
        for answer in [own, plain.send(server.address).await] {
            assert_eq!(answer.status, 405, "{route}: {answer:?}");
            assert_eq!(answer.header("allow"), Some(methods), "{answer:?}");
        }
    }
}
