//! Versions of documents, read from the history of a git repository.

use std::path::Path;
use std::process::Command;

use push_wire_bench::Fallible;
use push_wire_shared::delta::corpus::Corpus;

/// A manifest, a source file and a text: the ones with the most versions.
const FILES: [&str; 3] = [
    "Cargo.toml",
    "server/src/hub/sessions.rs",
    "docs/protocol.md",
];

/// Histories of this repository's own files.
pub(crate) fn own() -> impl Iterator<Item = Fallible<Corpus>> {
    FILES
        .into_iter()
        .map(|file| of(concat!(env!("CARGO_MANIFEST_DIR"), "/.."), file))
}

/// The versions of a file in the git repository of a folder, oldest first.
pub(crate) fn of(folder: impl AsRef<Path>, file: &str) -> Fallible<Corpus> {
    let git = |args: &[&str]| -> Fallible<Vec<u8>> {
        let output = Command::new("git")
            .current_dir(&folder)
            .args(args)
            .output()?;
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(String::from_utf8_lossy(&output.stderr).into()),
        }
    };
    let commits = String::from_utf8(git(&["log", "--reverse", "--format=%H", "--", file])?)?;
    let versions = commits
        .lines()
        .map(|commit| git(&["show", &format!("{commit}:./{file}")]))
        .collect::<Fallible<Vec<_>>>()?;
    match versions.len() {
        0 | 1 => Err(format!(
            "{file}: {} versions in git, at least 2 are needed",
            versions.len()
        )
        .into()),
        _ => Ok(Corpus {
            name: file.to_owned().leak(),
            versions,
        }),
    }
}
