//! Installation of missing Debian packages, where this process may install them.

use std::path::PathBuf;

use crate::error::Error;
use crate::process;
use crate::workspace::Workspace;

/// Installs packages.
///
/// # Errors
/// Returns `missing`, which names the command, if this process is not root or there is no apt-get.
pub(crate) fn install(
    workspace: &Workspace,
    packages: &[&str],
    missing: Error,
) -> Result<(), Error> {
    if !is_root(workspace) || on_path("apt-get").is_none() {
        return Err(missing);
    }
    process::run(&mut workspace.command("apt-get", &["update", "-qq"]))?;
    let mut install = workspace.command("apt-get", &["install", "-y", "--no-install-recommends"]);
    process::run(install.args(packages))
}

/// Path of a program, searched in PATH.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}

fn is_root(workspace: &Workspace) -> bool {
    process::read(&mut workspace.command("id", &["-u"])).is_ok_and(|id| id == "0")
}
