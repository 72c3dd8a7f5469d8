//! Tests of the rule, by tables: origin, host, credentials and list of a request, and the page that is found.

use axum::http::Request;
use axum::http::request::Parts;

use super::*;

/// A request in the form `name: value` per line; a line without a colon is its target.
fn request(lines: &[&str]) -> Parts {
    let mut request = Request::builder();
    for line in lines {
        request = match line.split_once(": ") {
            Some((name, value)) => request.header(name, value),
            None => request.uri(*line),
        };
    }
    request.body(()).unwrap().into_parts().0
}

fn origins(allowed: &[&str], authenticated: bool) -> Origins {
    let allowed = allowed
        .iter()
        .map(|text| AllowedOrigin::parse(text).unwrap());
    Origins {
        hosts: None,
        allowed: allowed.collect(),
        authenticated,
    }
}

/// A server without authenticator that is to be asked for by these names.
fn hosts(listed: &[&str]) -> Origins {
    let listed = listed.iter().map(|text| AllowedHost::parse(text).unwrap());
    Origins {
        hosts: Some(listed.collect()),
        ..origins(&[], false)
    }
}

/// Result of the check in a word: `own`, `other`, `credentials`, or the kind of error.
fn word(page: &Result<Page, OriginError>) -> &'static str {
    match page {
        Ok(Page::Own) => "own",
        Ok(Page::Other {
            credentials: false, ..
        }) => "other",
        Ok(Page::Other {
            credentials: true, ..
        }) => "credentials",
        Err(OriginError::Null) => "null",
        Err(OriginError::Malformed(_)) => "malformed",
        Err(OriginError::NoHost { .. }) => "no host",
        Err(OriginError::Host { .. }) => "host",
        Err(OriginError::Port { .. }) => "port",
        Err(OriginError::Unnamed(_)) => "unnamed",
        Err(OriginError::UnknownHost(_)) => "unknown host",
    }
}

#[track_caller]
fn assert_page(origins: &Origins, lines: &[&str], forwarded: Option<&str>, expected: &str) {
    let page = origins.page(&request(lines), forwarded);
    assert_eq!(word(&page), expected, "{lines:?}: {page:?}");
}

#[test]
fn host_and_port_are_compared() {
    let without = origins(&[], false);
    for (origin, host, expected) in [
        ("https://example.com", "example.com", "own"),
        ("https://example.com", "example.com:443", "own"),
        ("http://example.com", "example.com:80", "own"),
        ("http://example.com:8080", "example.com:8080", "own"),
        ("https://EXAMPLE.com", "example.COM", "own"),
        ("http://[2001:db8::1]:81", "[2001:DB8:0::1]:81", "own"),
        ("http://[::ffff:192.0.2.1]", "192.0.2.1", "own"),
        ("https://example.com", "example.com:80", "port"),
        ("https://example.com", "example.com:8443", "port"),
        ("https://example.com:8443", "example.com", "port"),
        ("https://evil.com", "example.com", "host"),
        ("https://example.com.evil.com", "example.com", "host"),
        ("https://www.example.com", "example.com", "host"),
        ("https://example.com", "www.example.com", "host"),
        ("app://example.com", "example.com", "port"),
        ("https://example.com", "", "no host"),
        ("https://example.com", "a b", "no host"),
        ("null", "example.com", "null"),
        ("null", "null", "null"),
        ("NULL", "example.com", "malformed"),
        ("", "example.com", "malformed"),
        ("file://", "example.com", "malformed"),
        ("https://example.com/", "example.com", "malformed"),
        (
            "https://example.com https://evil.com",
            "example.com",
            "malformed",
        ),
    ] {
        let lines = [format!("origin: {origin}"), format!("host: {host}")];
        assert_page(&without, &[&lines[0], &lines[1]], None, expected);
    }
    assert_page(&without, &["host: example.com"], None, "own");
    assert_page(&without, &["host: a", "cookie: a=b"], None, "own");
    assert_page(&without, &["origin: https://example.com"], None, "no host");
    let twice = ["host: a", "origin: http://a", "origin: http://a"];
    assert_page(&without, &twice, None, "malformed");
    let hosts = ["host: a", "host: a", "origin: http://a"];
    assert_page(&without, &hosts, None, "no host");
}

#[test]
fn authority_of_the_target_counts_before_the_header() {
    let without = origins(&[], false);
    for (origin, expected) in [("https://example.com", "own"), ("https://a", "host")] {
        let origin = format!("origin: {origin}");
        let lines = ["https://example.com/rps", "host: a", &origin];
        assert_page(&without, &lines, None, expected);
    }
}

#[test]
fn other_origins_need_an_authenticator_and_no_credentials() {
    for (authenticated, more, expected) in [
        (true, "x: y", "other"),
        (true, "cookie: a=b", "host"),
        (true, "authorization: Bearer t", "host"),
        (false, "x: y", "host"),
    ] {
        let lines = ["host: a", "origin: https://evil.com", more];
        assert_page(&origins(&[], authenticated), &lines, None, expected);
    }
    for (more, expected) in [("x: y", "other"), ("cookie: a=b", "null")] {
        let lines = ["host: a", "origin: null", more];
        assert_page(&origins(&[], true), &lines, None, expected);
    }
}

#[test]
fn loopback_hosts_are_the_same() {
    for authenticated in [false, true] {
        for (origin, host, expected) in [
            ("http://localhost:5173", "127.0.0.1:4100", "credentials"),
            ("http://127.0.0.1:5173", "localhost:4100", "credentials"),
            ("http://app.localhost", "[::1]:4100", "credentials"),
            ("https://[::1]", "127.9.9.9", "credentials"),
            ("http://[::ffff:127.0.0.1]:1", "localhost", "credentials"),
            ("http://localhost:4100", "localhost:4100", "own"),
            ("http://localhost:5173", "example.com", "host"),
            ("http://example.com", "localhost:4100", "host"),
            ("http://localhost.evil.com", "localhost:4100", "host"),
            ("http://evillocalhost", "localhost:4100", "host"),
            ("http://128.0.0.1", "127.0.0.1", "host"),
            ("null", "localhost:4100", "null"),
        ] {
            let lines = [format!("origin: {origin}"), format!("host: {host}")];
            let lines = [&lines[0], &lines[1], "cookie: a=b"];
            assert_page(&origins(&[], authenticated), &lines, None, expected);
        }
    }
}

#[test]
fn listed_origins_may_send_credentials() {
    let listed = ["https://app.example.com", "https://*.example.org:8443"];
    for authenticated in [false, true] {
        let listed = origins(&listed, authenticated);
        for (origin, expected) in [
            ("https://app.example.com", "credentials"),
            ("https://a.b.example.org:8443", "credentials"),
            ("https://example.org:8443", "host"),
            ("https://a.example.org", "host"),
            ("http://app.example.com", "host"),
            ("https://a", "own"),
            ("null", "null"),
        ] {
            let origin = format!("origin: {origin}");
            let lines = ["host: a", &origin, "cookie: a=b"];
            assert_page(&listed, &lines, None, expected);
        }
    }
}

#[test]
fn forwarded_host_counts_too() {
    let without = origins(&[], false);
    for (origin, forwarded, expected) in [
        ("https://example.com", Some("example.com"), "own"),
        ("https://backend:4100", Some("example.com"), "own"),
        ("https://evil.com", Some("example.com"), "host"),
        ("https://example.com", Some("example.com:8443"), "port"),
        ("https://example.com", Some("a b"), "host"),
        ("https://example.com", None, "host"),
    ] {
        let origin = format!("origin: {origin}");
        assert_page(
            &without,
            &["host: backend:4100", &origin],
            forwarded,
            expected,
        );
    }
    // A proxy on the server's machine that asks for 127.0.0.1 does not make every local page one of the server's.
    let local = ["host: 127.0.0.1:4100", "origin: http://localhost:5173"];
    assert_page(&without, &local, Some("example.com"), "host");
    assert_page(&without, &local, Some("localhost"), "credentials");
}

#[test]
fn errors_quote_a_part_of_long_texts() {
    let origin = format!("origin: https://{}", "a".repeat(10_000));
    for more in ["host: b", "x: y"] {
        let error = origins(&[], false).page(&request(&[&origin, more]), None);
        let text = error.unwrap_err().to_string();
        assert!(text.len() < 500 && text.contains("aaa"), "{text}");
    }
}

#[test]
fn other_sites_without_origin_are_refused() {
    for (site, authenticated, more, expected) in [
        ("cross-site", false, "x: y", "unnamed"),
        ("same-site", false, "x: y", "unnamed"),
        ("cross-site", true, "cookie: a=b", "unnamed"),
        ("cross-site", true, "authorization: Basic x", "unnamed"),
        ("same-site", true, "cookie: a=b", "unnamed"),
        ("cross-site", true, "x: y", "own"),
        ("same-origin", false, "cookie: a=b", "own"),
        ("none", false, "cookie: a=b", "own"),
        ("", false, "cookie: a=b", "own"),
        // The origin says more.
        ("cross-site", false, "origin: http://a", "own"),
        ("cross-site", true, "origin: https://evil.com", "other"),
    ] {
        let site = format!("sec-fetch-site: {site}");
        let lines = ["host: a", &site, more];
        assert_page(&origins(&[], authenticated), &lines, None, expected);
    }
}

#[test]
fn rebound_names_are_refused() {
    let listed = hosts(&["example.com", "*.example.org"]);
    for (host, expected) in [
        ("example.com:8443", "own"),
        ("a.example.org", "own"),
        ("192.0.2.1:4100", "own"),
        ("localhost:4100", "own"),
        ("evil.example", "unknown host"),
        ("localhost.evil.example", "unknown host"),
        ("", "unknown host"),
        ("a b", "unknown host"),
    ] {
        let (origin, host) = (format!("origin: http://{host}"), format!("host: {host}"));
        assert_page(&listed, &[&host], None, expected);
        if expected == "own" || host == "host: evil.example" {
            assert_page(&listed, &[&host, &origin], None, expected);
        }
    }
    assert_page(&listed, &["x: y"], None, "own");
    let twice = ["host: example.com", "host: example.com"];
    assert_page(&listed, &twice, None, "unknown host");
    let target = ["http://evil.example/rps", "host: example.com"];
    assert_page(&listed, &target, None, "unknown host");
    // No list is the list of all, and an empty one that of none.
    assert_page(&origins(&[], false), &["host: evil.example"], None, "own");
    assert_page(&hosts(&[]), &["host: example.com"], None, "unknown host");
    assert_page(&hosts(&[]), &["host: [::1]:80"], None, "own");
}

#[test]
fn every_named_host_has_to_be_allowed() {
    let listed = hosts(&["example.com", "backend"]);
    for (host, forwarded, expected) in [
        ("backend:4100", "example.com", "own"),
        ("127.0.0.1:4100", "example.com", "own"),
        ("127.0.0.1:4100", "evil.example", "unknown host"),
        // A page of the user's machine, which is a trusted proxy's too, sets the header itself.
        ("evil.example", "localhost", "unknown host"),
    ] {
        let host = format!("host: {host}");
        assert_page(&listed, &[&host], Some(forwarded), expected);
    }
}
