//! Check of the layers inside `shared` and inside `server`.

use std::fs;

use super::{code, sources};
use crate::repository::root;

/// Modules of `shared`, each using only those before it.
const SHARED: [&str; 20] = [
    "limits",
    "quote",
    "hidden",
    "integer",
    "recent",
    "time",
    "close",
    "channel",
    "position",
    "encoding",
    "frame",
    "compression",
    "binary",
    "fragment",
    "event_stream",
    "delta",
    "transport",
    "relay",
    "rtc",
    "session",
];

/// Modules of `server` below the typed face, each using only those before it.
const SERVER: [&str; 20] = [
    "limits",
    "network",
    "rate",
    "policy",
    "clock",
    "transport",
    "relay",
    "turn",
    "admission",
    "assets",
    "auth",
    "compression",
    "carrier",
    "hub",
    "upkeep",
    "dialect",
    "outbox",
    "peer",
    "connection",
    "http",
];

/// The typed face, which uses all of them.
const FACE: [&str; 11] = [
    "lib",
    "server",
    "routes",
    "serve",
    "builder",
    "record",
    "send",
    "revoke",
    "handler",
    "signalling",
    "internals",
];

/// Modules that `crate::` names in a module, by the names behind it.
fn uses(module: &str) -> Vec<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut uses = Vec::new();
    for file in sources(module) {
        let code = code(&file);
        let paths = code.split("crate::").skip(1);
        uses.extend(paths.map(|path| path.split(|c| !is_name(c)).next().unwrap().to_owned()));
    }
    uses
}

fn assert_layers(krate: &str, layers: &[&str]) {
    for (at, layer) in layers.iter().enumerate() {
        let module = format!("{krate}/src/{layer}");
        if !root().join(&module).is_dir() && !root().join(format!("{module}.rs")).is_file() {
            continue;
        }
        for used in uses(&module) {
            let higher = layers[at + 1..].contains(&&*used);
            assert!(
                !higher,
                "{module} uses crate::{used}, which stands above it"
            );
        }
    }
}

fn modules(krate: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(krate).join("src")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names
        .map(|name| name.trim_end_matches(".rs").to_owned())
        .collect()
}

#[test]
fn shared_uses_lower_layers_only() {
    assert_layers("shared", &SHARED);
}

#[test]
fn server_uses_lower_layers_only() {
    assert_layers("server", &SERVER);
}

#[test]
fn every_module_has_its_layer() {
    for module in modules("shared") {
        assert!(
            SHARED.contains(&&*module) || module == "lib",
            "shared/src/{module} has no layer"
        );
    }
    for module in modules("server") {
        let known = SERVER.contains(&&*module) || FACE.contains(&&*module);
        assert!(known, "server/src/{module} has no layer");
    }
}
