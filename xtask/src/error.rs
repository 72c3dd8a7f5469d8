//! Error of a command. Its text names the failed step and, where there is one, the remedy.

use std::path::PathBuf;

/// Error of a command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0}")]
    Usage(&'static str),
    #[error("`{program}` cannot be started ({source}); {advice}")]
    Start {
        program: String,
        advice: &'static str,
        source: std::io::Error,
    },
    #[error("`{command}` failed ({status})")]
    Failed {
        command: String,
        status: std::process::ExitStatus,
    },
    #[error(
        "`{command}` was ended after {} minutes; its last output names the step that did not end",
        limit.as_secs() / 60
    )]
    TimedOut {
        command: String,
        limit: std::time::Duration,
    },
    #[error("{what} is missing; run: {command}")]
    Missing {
        what: &'static str,
        command: &'static str,
    },
    #[error("{}: {source}", path.display())]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{} holds no test (*.test.mjs)", folder.display())]
    NoTests { folder: PathBuf },
    #[error("wasm-bindgen could not process {}: {message}", module.display())]
    Bindgen { module: PathBuf, message: String },
    #[error("the functions of {} could not be sorted: {message}", module.display())]
    Module { module: PathBuf, message: String },
}

/// Adds the path to an I/O error.
pub(crate) fn at(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.into();
    |source| Error::File { path, source }
}
