//! A browser for the tests, installed when missing.

use std::path::PathBuf;

use crate::error::Error;
use crate::process;
use crate::workspace::Workspace;

const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

const INSTALL: &str = "apt-get install -y --no-install-recommends chromium fonts-liberation";

/// Path of a Chromium: the one that the variable CHROMIUM names, one on the path, or one installed now.
pub(crate) fn chromium(workspace: &Workspace) -> Result<PathBuf, Error> {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return Ok(named.into());
    }
    if let Some(found) = find() {
        return Ok(found);
    }
    let missing = Error::Missing {
        what: "a Chromium for the browser tests",
        command: "sudo apt-get install -y --no-install-recommends chromium fonts-liberation",
    };
    if !is_root(workspace) || on_path("apt-get").is_none() {
        return Err(missing);
    }
    process::run(&mut workspace.command("apt-get", &["update", "-qq"]))?;
    let install: Vec<&str> = INSTALL.split(' ').collect();
    process::run(&mut workspace.command(install[0], &install[1..]))?;
    find().ok_or(missing)
}

fn is_root(workspace: &Workspace) -> bool {
    process::read(&mut workspace.command("id", &["-u"])).is_ok_and(|id| id == "0")
}

fn find() -> Option<PathBuf> {
    NAMES.into_iter().find_map(on_path)
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}
