//! Checks of ARCHITECTURE.md's invariants on the text of the code.

mod absence;
mod layers;
mod limits;
mod visibility;

use std::fs;
use std::path::{Path, PathBuf};

use crate::repository::{files, root};

/// The Rust files of a module or folder, tests aside.
fn sources(module: &str) -> Vec<PathBuf> {
    let file = root().join(format!("{module}.rs"));
    if file.is_file() {
        return vec![file];
    }
    let mut sources = files(module, ".rs");
    let is_test = |path: &Path| {
        path.iter()
            .any(|part| part == "tests" || part == "tests.rs")
    };
    sources.retain(|path| !is_test(path.strip_prefix(root()).unwrap()));
    sources
}

/// The code of a file, without comments and without the tests at its end.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let lines = text.lines().take_while(|line| *line != "mod tests {");
    let code = lines.map(|line| line.split("//").next().unwrap_or_default());
    code.collect::<Vec<_>>().join("\n")
}

fn assert_absent(module: &str, words: &[&str], rule: &str) {
    for file in sources(module) {
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
