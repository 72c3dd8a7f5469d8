//! Programs that the tests run as clients, installed when missing: browsers, and curl.

use std::path::PathBuf;

use crate::apt;
use crate::error::Error;
use crate::workspace::Workspace;

/// A program of a Debian package.
#[derive(Debug)]
pub(crate) struct Client {
    /// Environment variable with its path, which the tests read, too.
    pub(crate) variable: &'static str,
    names: &'static [&'static str],
    packages: &'static [&'static str],
    what: &'static str,
    command: &'static str,
}

pub(crate) const CHROMIUM: Client = Client {
    variable: "CHROMIUM",
    names: &[
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    ],
    packages: &["chromium", "fonts-liberation"],
    what: "Chromium, for the browser tests,",
    command: "sudo apt-get install -y --no-install-recommends chromium fonts-liberation",
};

pub(crate) const FIREFOX: Client = Client {
    variable: "FIREFOX",
    names: &["firefox-esr", "firefox"],
    packages: &["firefox-esr"],
    what: "Firefox, for the browser tests,",
    command: "sudo apt-get install -y --no-install-recommends firefox-esr",
};

pub(crate) const CURL: Client = Client {
    variable: "CURL",
    names: &["curl"],
    packages: &["curl"],
    what: "curl, for the tests of event streams,",
    command: "sudo apt-get install -y --no-install-recommends curl",
};

impl Client {
    /// Path of the program: from its variable, else from PATH, else of the package, which is installed now.
    pub(crate) fn path(&self, workspace: &Workspace) -> Result<PathBuf, Error> {
        if let Some(named) = std::env::var_os(self.variable) {
            return Ok(named.into());
        }
        if let Some(found) = self.find() {
            return Ok(found);
        }
        apt::install(workspace, self.packages, self.missing())?;
        self.find().ok_or_else(|| self.missing())
    }

    fn find(&self) -> Option<PathBuf> {
        self.names.iter().copied().find_map(apt::on_path)
    }

    fn missing(&self) -> Error {
        let (what, command) = (self.what, self.command);
        Error::Missing { what, command }
    }
}
