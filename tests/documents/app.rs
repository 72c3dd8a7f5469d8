//! A program of a document, as a package of its own.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::repository::{read, root};

/// The path to the server crate in the documents, and in the examples.
pub(crate) const PATHS: [&str; 2] = [r#""../push-wire/server""#, r#""../../server""#];

/// Asserts that programs, each a file of a package, compile with these dependencies.
///
/// The package is outside of the workspace, whose other members turn on features that the dependencies may lack. Lock
/// file, profiles and target folder are the workspace's: nothing is fetched, and little is compiled.
pub(crate) fn assert_compiles(name: &str, dependencies: &str, programs: &[(&str, &str)]) {
    let app = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(app.join("src/bin")).unwrap();
    fs::write(app.join("Cargo.toml"), manifest(name, dependencies)).unwrap();
    for (file, text) in programs {
        fs::write(app.join("src").join(file), text).unwrap();
    }
    fs::copy(root().join("Cargo.lock"), app.join("Cargo.lock")).unwrap();
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let mut check = Command::new(cargo);
    check
        .args(["check", "--quiet", "--offline"])
        .current_dir(&app);
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let output = check.env("CARGO_TARGET_DIR", target).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn manifest(name: &str, dependencies: &str) -> String {
    let server = root().join("server").canonicalize().unwrap();
    let dependencies = dependencies.replace(PATHS[0], &format!("{server:?}"));
    let workspace = read("Cargo.toml");
    let (_, profiles) = workspace.split_once("\n[profile.dev]").unwrap();
    let (profiles, _) = profiles.split_once("\n[profile.release]").unwrap();
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
         {dependencies}\n[workspace]\n\n[profile.dev]{profiles}"
    )
}
