//! ARCHITECTURE.md's rules of absence, as far as text can tell.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The Rust files below a folder, tests aside.
fn sources(folder: &str) -> Vec<PathBuf> {
    let mut folders = vec![root().join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with("tests") || path.ends_with("tests.rs") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    assert!(
        !files.is_empty(),
        "{folder} has moved: move this rule with it"
    );
    files
}

/// The code of a file, without comments.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let lines = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

fn assert_absent(folder: &str, words: &[&str], rule: &str) {
    for file in sources(folder) {
        let code = code(&file);
        for word in words {
            assert!(
                !code.contains(word),
                "{} says {word:?}: {rule}",
                file.display()
            );
        }
    }
}

fn assert_no_dependency(krate: &str, names: &[&str], rule: &str) {
    let manifest = fs::read_to_string(root().join(krate).join("Cargo.toml")).unwrap();
    let dependencies = manifest.split("[dependencies]").nth(1).unwrap();
    let dependencies = dependencies.split("[dev-dependencies]").next().unwrap();
    for name in names {
        let depends = dependencies.lines().any(|line| line.starts_with(name));
        assert!(!depends, "{krate} depends on {name}: {rule}");
    }
}

#[test]
fn server_and_clients_never_depend_on_each_other() {
    let rule = "only tests, bench and examples see both ends";
    assert_no_dependency("server", &["push-wire-client"], rule);
    for client in ["client", "client-wasm"] {
        assert_no_dependency(client, &["push-wire-server", "push-wire-broker"], rule);
    }
}

#[test]
fn shared_knows_no_http_and_no_runtime() {
    let names = [
        "tokio", "axum", "hyper", "http", "futures", "web-sys", "js-sys",
    ];
    assert_no_dependency("shared", &names, "the protocol moves no bytes");
}

#[test]
fn lower_layers_of_shared_do_not_know_the_higher() {
    let rule = "channel, position, time, limits, close, frame, encoding, compression, fragment, delta, session";
    let session = ["crate::session"];
    for folder in [
        "frame",
        "encoding",
        "compression",
        "fragment",
        "delta",
        "channel",
    ] {
        assert_absent(&format!("shared/src/{folder}"), &session, rule);
    }
    assert_absent(
        "shared/src/encoding",
        &["crate::frame", "crate::delta"],
        rule,
    );
}

#[test]
fn a_broker_never_sees_a_session() {
    assert_absent("broker/src", &["::session"], "a broker keeps logs");
}

#[test]
fn the_hub_never_sees_a_socket() {
    let words = [
        "tokio",
        "axum",
        "hyper",
        "crate::transport",
        "crate::http",
        "crate::peer",
    ];
    assert_absent(
        "server/src/hub",
        &words,
        "the hub is inside one process, and below the peers",
    );
    assert_absent(
        "server/src/outbox",
        &words,
        "the outbox decides what leaves, not how",
    );
    assert_absent(
        "server/src/peer",
        &words[..5],
        "a peer has no transport of its own",
    );
}

#[test]
fn channel_types_appear_in_the_public_faces_only() {
    let rule = "the machinery works on channel ids and a table";
    for folder in [
        "server/src/hub",
        "server/src/outbox",
        "server/src/peer",
        "server/src/transport",
    ] {
        assert_absent(folder, &["ChannelKind"], rule);
    }
    assert_absent("shared/src/session", &["ChannelKind"], rule);
    assert_absent("client-wasm/src", &["ChannelKind"], rule);
}
