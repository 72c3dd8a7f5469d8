//! Programs that the tests run, installed when missing: browsers, curl and nginx.

use std::path::{Path, PathBuf};

use crate::apt;
use crate::error::Error;
use crate::workspace::Workspace;

/// A program of a Debian package.
#[derive(Debug)]
pub(crate) struct Client {
    /// Environment variable with its path, which the tests read, too.
    pub(crate) variable: &'static str,
    /// Names in PATH, or whole paths.
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

/// Debian's is in a folder that is not in every user's PATH.
pub(crate) const NGINX: Client = Client {
    variable: "NGINX_BIN",
    names: &["nginx", "/usr/sbin/nginx"],
    packages: &["nginx"],
    what: "nginx, for the tests of docs/deploy.md and docs/guides/nginx.md,",
    command: "sudo apt-get install -y --no-install-recommends nginx",
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
        self.names.iter().find_map(|name| {
            let path = Path::new(name);
            if path.is_absolute() {
                path.is_file().then(|| path.to_owned())
            } else {
                apt::on_path(name)
            }
        })
    }

    fn missing(&self) -> Error {
        let (what, command) = (self.what, self.command);
        Error::Missing { what, command }
    }
}
