//! npm packages of the lock file, their programs, and tests run by Node.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, at};
use crate::fresh::Stamp;
use crate::process;
use crate::workspace::Workspace;

/// Files of tests that run at once (3): they wait for browsers, servers and lost connections more than they compute. Node's
/// default is one file less than there are processors, which is one on a machine with two.
const FILES_AT_ONCE: &str = "--test-concurrency=3";

/// Packages of the lock file that are installed.
#[derive(Clone, Copy)]
enum Packages {
    /// Those that building the package needs.
    Build,
    /// Those of the tests too.
    All,
}

/// Installs what building the package needs, unless it is installed.
pub(crate) fn install(workspace: &Workspace) -> Result<(), Error> {
    if is_installed(workspace, Packages::All)? {
        return Ok(());
    }
    ci(workspace, Packages::Build)
}

/// Installs all packages of the lock file, unless they are installed.
pub(crate) fn install_all(workspace: &Workspace) -> Result<(), Error> {
    ci(workspace, Packages::All)
}

fn is_installed(workspace: &Workspace, packages: Packages) -> Result<bool, Error> {
    Ok(stamp(workspace, packages)?.is_fresh(&[modules(workspace)]))
}

/// The stamp of the last installation, which replaces the one before.
fn stamp(workspace: &Workspace, packages: Packages) -> Result<Stamp, Error> {
    let mut inputs = vec![workspace.root().join("package-lock.json")];
    if let Packages::Build = packages {
        inputs.push(workspace.pkg().join("package.json"));
    }
    Stamp::of(workspace.target(), "npm", &inputs)
}

/// Installs packages of the lock file. Install scripts of packages are not run.
fn ci(workspace: &Workspace, packages: Packages) -> Result<(), Error> {
    if is_installed(workspace, packages)? {
        return Ok(());
    }
    let mut npm = workspace.command(
        "npm",
        &["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
    );
    if let Packages::Build = packages {
        npm.arg("--workspace=pkg");
    }
    process::run(&mut npm)?;
    stamp(workspace, packages)?.write()
}

/// Links the package of this repository into an example that names it. No network is used.
pub(crate) fn install_into(workspace: &Workspace, example: &str) -> Result<(), Error> {
    let folder = workspace.root().join(example);
    let install = [
        "install",
        "--ignore-scripts",
        "--offline",
        "--no-package-lock",
    ];
    let mut npm = workspace.command("npm", &install);
    process::run(npm.args(["--no-audit", "--no-fund"]).current_dir(folder))
}

/// A program of an installed package: a script, run by node.
pub(crate) fn script(workspace: &Workspace, script: &str, args: &[&str]) -> Command {
    let mut command = workspace.command("node", &[]);
    command.arg(modules(workspace).join(script)).args(args);
    command
}

/// Runs the tests of a folder: its files `*.test.mjs`, listed because not every Node version takes a folder. A test that
/// exceeds its time limit is named, and ends its file.
pub(crate) fn test(
    workspace: &Workspace,
    folder: &str,
    variables: &[(&str, &Path)],
) -> Result<(), Error> {
    let folder = workspace.root().join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .map_err(at(&folder))?;
    files.retain(|file| file.to_string_lossy().ends_with(".test.mjs"));
    files.sort();
    if files.is_empty() {
        return Err(Error::NoTests { folder });
    }
    let mut node = workspace.command("node", &["--import", "./xtask/test-limit.mjs", "--test"]);
    node.arg(FILES_AT_ONCE)
        .args(files)
        .envs(variables.iter().copied());
    process::run(&mut node)
}

fn modules(workspace: &Workspace) -> PathBuf {
    workspace.root().join("node_modules")
}
