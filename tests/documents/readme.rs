//! Check of the READMEs' programs: their files are those of the examples, and the README's compiles on its own.

use crate::app::{PATHS, assert_compiles};
use crate::markdown::blocks;
use crate::repository::read;

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

#[test]
fn app_compiles() {
    let main = block("](examples/chat/src/main.rs)");
    let dependencies = block("In `Cargo.toml`:");
    assert_compiles("readme", &dependencies, &[("main.rs", &main)]);
}
