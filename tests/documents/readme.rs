//! Check of the READMEs' programs: their files are those of the examples, and the README's compiles on its own.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::repository::{read, root};

/// The path to the server crate in the README, and in the example.
const PATHS: [&str; 2] = [r#""../push-wire/server""#, r#""../../server""#];

/// The code block behind the first mention of `mark`.
fn block(mark: &str) -> String {
    let readme = read("README.md");
    let (_, after) = readme
        .split_once(mark)
        .unwrap_or_else(|| panic!("README.md has no {mark}"));
    let (_, block) = after.split_once("\n```").unwrap();
    let (_, text) = block.split_once('\n').unwrap();
    let (text, _) = text.split_once("\n```\n").unwrap();
    format!("{text}\n")
}

#[test]
fn files_equal_the_example() {
    for file in ["src/main.rs", "page/index.html", "page/style.css"] {
        let path = format!("examples/chat/{file}");
        assert_eq!(
            block(&format!("]({path})")),
            read(&path),
            "README.md has another {file}"
        );
    }
}

#[test]
fn dependencies_equal_the_example() {
    let [ours, theirs] = PATHS;
    let manifest = read("examples/chat/Cargo.toml").replace(theirs, ours);
    let dependencies = block("In `Cargo.toml`:");
    assert!(
        manifest.contains(&dependencies),
        "README.md has other dependencies:\n{dependencies}"
    );
}

/// The code blocks of a document in a language.
fn blocks(document: &str, language: &str) -> Vec<String> {
    let text = read(document);
    let begin = format!("\n```{language}\n");
    let blocks = text.split(&begin).skip(1);
    let blocks = blocks.map(|after| after.split_once("\n```\n").unwrap().0.to_owned());
    blocks.collect()
}

/// Asserts that each block is part of one of these files.
fn assert_parts_of(blocks: &[String], files: &[&str]) {
    assert!(!blocks.is_empty());
    let texts: Vec<String> = files.iter().map(|file| read(file)).collect();
    for block in blocks {
        assert!(
            texts.iter().any(|text| text.contains(block)),
            "a code block is not in {files:?}:\n{block}"
        );
    }
}

#[test]
fn package_readme_shows_the_example() {
    let example = |file: &str| format!("examples/shared-channels/{file}");
    let [enums, module, index] = [
        "channels/src/lib.rs",
        "package/src/lib.rs",
        "package/src/index.ts",
    ]
    .map(example);
    assert_parts_of(&blocks("pkg/README.md", "rust"), &[&enums, &module]);
    assert_parts_of(&blocks("pkg/README.md", "typescript"), &[&index]);
}

#[test]
fn guide_of_rust_front_ends_shows_the_example() {
    let example = |file: &str| format!("examples/leptos/src/{file}.rs");
    let files = ["main", "chat", "newest"].map(example);
    assert_parts_of(
        &blocks("docs/rust-front-end.md", "rust"),
        &files.each_ref().map(String::as_str),
    );
}

/// Outside of the workspace, whose other members turn on features that the README's list may lack. Lock file, profiles
/// and target folder are the workspace's: nothing is fetched, and little is compiled.
#[test]
fn app_compiles() {
    let app = Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme");
    fs::create_dir_all(app.join("src")).unwrap();
    fs::write(app.join("Cargo.toml"), manifest()).unwrap();
    fs::write(
        app.join("src/main.rs"),
        block("](examples/chat/src/main.rs)"),
    )
    .unwrap();
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

fn manifest() -> String {
    let server = root().join("server").canonicalize().unwrap();
    let dependencies = block("In `Cargo.toml`:").replace(PATHS[0], &format!("{server:?}"));
    let workspace = read("Cargo.toml");
    let (_, profiles) = workspace.split_once("\n[profile.dev]").unwrap();
    let (profiles, _) = profiles.split_once("\n[profile.release]").unwrap();
    format!(
        "[package]\nname = \"readme\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
         {dependencies}\n[workspace]\n\n[profile.dev]{profiles}"
    )
}
