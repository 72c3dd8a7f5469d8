//! Chromium for the tests, installed when missing.

use std::path::PathBuf;

use crate::apt;
use crate::error::Error;
use crate::workspace::Workspace;

const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// Path of Chromium: from the variable CHROMIUM, else from PATH, else of a Debian package that is installed now.
pub(crate) fn chromium(workspace: &Workspace) -> Result<PathBuf, Error> {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return Ok(named.into());
    }
    if let Some(found) = find() {
        return Ok(found);
    }
    let missing = || Error::Missing {
        what: "Chromium, for the browser tests,",
        command: "sudo apt-get install -y --no-install-recommends chromium fonts-liberation",
    };
    apt::install(workspace, &["chromium", "fonts-liberation"], missing())?;
    find().ok_or_else(missing)
}

fn find() -> Option<PathBuf> {
    NAMES.into_iter().find_map(apt::on_path)
}
