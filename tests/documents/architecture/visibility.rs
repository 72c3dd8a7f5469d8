//! The public API of the server, and the feature `__internals`, which opens more of it and of other crates.

use crate::repository::{files, read, root};

/// Public modules of the server: the internals, and two that the published crate has too. Everything that is public
/// outside of the internals is a name at the crate's root.
const PUBLIC: [&str; 3] = ["internals", "relay", "transport"];

/// Folders whose crates may turn the feature on.
const USERS: [&str; 2] = ["tests", "bench"];

#[test]
fn server_has_few_public_modules() {
    let text = read("server/src/lib.rs");
    let lines: Vec<&str> = text.lines().collect();
    let public = |line: &str| {
        let name = line.strip_prefix("pub mod ")?;
        Some(name.trim_end_matches([';', ' ', '{']).to_owned())
    };
    let modules: Vec<String> = lines.iter().copied().filter_map(public).collect();
    assert_eq!(modules, PUBLIC, "a name of the API stands at the root");
    let guarded = [
        r#"#[cfg(feature = "__internals")]"#,
        "#[doc(hidden)]",
        "pub mod internals;",
    ];
    assert!(
        lines.windows(guarded.len()).any(|window| window == guarded),
        "`internals` is there without its feature"
    );
}

#[test]
fn internals_are_for_tests_and_measurements() {
    for manifest in files("", "Cargo.toml") {
        let path = manifest.strip_prefix(root()).unwrap();
        let folder = path.iter().next().unwrap().to_string_lossy();
        let text = read(&path.to_string_lossy());
        // What a crate's own tests turn on is no part of it.
        let text = text.split("[dev-dependencies]").next().unwrap();
        assert!(
            !text.contains("\"__internals\"") || USERS.contains(&&*folder),
            "{} turns the internals on",
            path.display()
        );
    }
}
