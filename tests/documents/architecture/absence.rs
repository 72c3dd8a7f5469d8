//! Check of names that must not appear in certain folders.

use std::path::Path;
use std::process::Command;

use super::assert_absent;
use crate::repository::{files, read, root};

/// Names of the packages that a manifest depends on, tests and build scripts aside.
fn dependencies(manifest: &str) -> Vec<String> {
    let text = read(manifest);
    let Some((_, rest)) = text.split_once("\n[dependencies]\n") else {
        return Vec::new();
    };
    let table = rest.split("\n[").next().unwrap_or_default();
    let names = table
        .lines()
        .filter_map(|line| line.split(['.', ' ', '=']).next());
    names
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn shared_reads_no_environment() {
    let words = [
        "Instant::now",
        "SystemTime",
        "std::env",
        "std::fs",
        "std::net",
        "std::thread::s",
        "getrandom",
        "new_v4",
    ];
    assert_absent("shared/src", &words, "time, seed and bytes are arguments");
    let bans = read("shared/clippy.toml");
    for banned in [
        "Instant::now",
        "SystemTime::now",
        "env::var",
        "TcpStream",
        "Rng::new",
    ] {
        assert!(
            bans.contains(banned),
            "shared/clippy.toml does not ban {banned}"
        );
    }
}

#[test]
fn shared_knows_no_http_and_no_runtime() {
    let known = dependencies("shared/Cargo.toml");
    for name in [
        "tokio", "axum", "hyper", "http", "futures", "web-sys", "js-sys",
    ] {
        assert!(
            !known.iter().any(|it| it == name),
            "shared depends on {name}"
        );
    }
    assert_absent(
        "shared/src",
        &["http::", "HeaderMap"],
        "shared knows no HTTP",
    );
}

#[test]
fn server_and_clients_are_independent() {
    let clients = ["push-wire-client", "push-wire-client-wasm"];
    for manifest in files("", "Cargo.toml") {
        let path = manifest.strip_prefix(root()).unwrap();
        let folder = path.iter().next().unwrap().to_string_lossy();
        let both = ["tests", "bench", "examples", "fuzz"].contains(&&*folder);
        if both || path == Path::new("Cargo.toml") {
            continue;
        }
        let known = dependencies(&path.to_string_lossy());
        let server = folder == "server" || known.iter().any(|name| name == "push-wire-server");
        let client =
            folder.starts_with("client") || known.iter().any(|name| clients.contains(&&**name));
        assert!(!(server && client), "{} sees both ends", path.display());
    }
    let broker = dependencies("broker/Cargo.toml");
    assert!(
        !broker.iter().any(|name| name == "push-wire-server"),
        "the broker depends on the server"
    );
}

#[test]
fn a_broker_never_sees_a_session() {
    let words = [
        "session::client",
        "session::server",
        "ServerSession",
        "ClientSession",
        "Hub",
    ];
    assert_absent("broker/src", &words, "a broker keeps logs");
}

#[test]
fn the_hub_never_sees_a_socket() {
    let socket = ["tokio::net", "axum", "hyper", "push_wire_websocket"];
    assert_absent(
        "server/src/hub",
        &socket,
        "the hub knows sessions and streams",
    );
    assert_absent(
        "server/src/peer",
        &socket[..3],
        "a peer has no transport of its own",
    );
}

#[test]
fn a_connection_decides_nothing() {
    let words = [
        "crate::outbox",
        "crate::dialect",
        "ServerOp",
        "ServerSession",
        "lanes",
    ];
    assert_absent(
        "server/src/connection",
        &words,
        "the outbox decides what leaves next",
    );
}

#[test]
fn only_carriers_and_connections_frame() {
    let words = ["frame_header", "Opcode", "WebSocketFrames"];
    for module in [
        "server/src/hub",
        "server/src/outbox",
        "server/src/dialect",
        "server/src/peer",
    ] {
        assert_absent(module, &words, "a carrier makes a transport's frames");
    }
}

#[test]
fn channel_types_stay_in_public_api() {
    for module in [
        "server/src/carrier",
        "server/src/compression",
        "server/src/dialect",
        "server/src/hub",
        "server/src/outbox",
        "server/src/peer",
        "server/src/connection",
        "shared/src/session",
        "client-wasm/src/driver",
        "client-wasm/src/stream",
        "client-wasm/src/transport",
        "client-wasm/src/js",
        "broker/src",
    ] {
        assert_absent(
            module,
            &["ChannelKind"],
            "the machinery works on channel ids and a table",
        );
    }
}

#[test]
fn pkg_dist_is_not_in_the_repository() {
    assert!(read(".gitignore").lines().any(|line| line == "/pkg/dist"));
    let mut git = Command::new("git");
    let listed = git
        .args(["ls-files", "pkg/dist"])
        .current_dir(root())
        .output();
    // An exported tree has no git to ask.
    if let Ok(output) = listed {
        assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    }
}
