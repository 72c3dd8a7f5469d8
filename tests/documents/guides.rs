//! Checks of docs/guides: the programs are those that are built, and compile with the dependencies that the guides name.
//! `tests/browser/guides.test.mjs` plays their pages.

use crate::app::{PATHS, assert_compiles};
use crate::markdown::blocks;
use crate::repository::read;

const PROGRAMS: [&str; 4] = ["chat", "dashboard", "document", "nginx"];

/// The program of a guide.
fn program(name: &str) -> String {
    let programs = blocks(&format!("docs/guides/{name}.md"), "rust");
    let [program] = &*programs else {
        panic!("{name}.md has {} blocks in Rust", programs.len());
    };
    format!("{program}\n")
}

/// The dependencies that the guides name.
fn dependencies() -> String {
    let blocks = blocks("docs/guides/README.md", "toml");
    format!("{}\n", blocks[0])
}

#[test]
fn programs_equal_the_example() {
    for name in PROGRAMS {
        let file = format!("examples/guides/src/{name}.rs");
        assert!(program(name) == read(&file), "{name}.md has another {file}");
    }
}

#[test]
fn dependencies_equal_the_example() {
    let [ours, theirs] = PATHS;
    let manifest = read("examples/guides/Cargo.toml").replace(theirs, ours);
    let dependencies = dependencies();
    assert!(
        manifest.contains(&dependencies),
        "docs/guides/README.md has other dependencies:\n{dependencies}"
    );
}

#[test]
fn programs_compile() {
    let programs = PROGRAMS.map(|name| (format!("bin/{name}.rs"), program(name)));
    let programs = programs.each_ref().map(|(file, text)| (&**file, &**text));
    assert_compiles("guides-app", &dependencies(), &programs);
}
