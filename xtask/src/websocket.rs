//! Tests of `push-wire-websocket` against other implementations: the Autobahn test suite and the npm package `ws`.

use std::path::PathBuf;

use crate::error::Error;
use crate::fresh::Stamp;
use crate::workspace::Workspace;
use crate::{apt, npm, process};

const FOLDER: &str = "tests/websocket";

/// Builds the crate's echo server and runs the tests against it.
pub(crate) fn test(workspace: &Workspace) -> Result<(), Error> {
    process::run(workspace.cargo_tests("build").arg("--example=echo"))?;
    let echo = workspace.target().join("debug/examples/echo");
    let python = environment(workspace)?;
    let cases = workspace.root().join(FOLDER).join("autobahn.py");
    process::run(workspace.command_at(&python).args([&cases, &echo]))?;
    npm::install_all(workspace)?;
    npm::test(workspace, FOLDER, &[("ECHO_BIN", &echo)])
}

/// Creates a Python virtual environment in the target folder with the packages of `requirements.txt`, unless it is up
/// to date. Returns the path of its interpreter.
fn environment(workspace: &Workspace) -> Result<PathBuf, Error> {
    let requirements = workspace.root().join(FOLDER).join("requirements.txt");
    let folder = workspace.target().join("autobahn");
    let python = folder.join("bin/python");
    let stamp = Stamp::of(
        workspace.target(),
        "autobahn",
        std::slice::from_ref(&requirements),
    )?;
    if stamp.is_fresh(std::slice::from_ref(&python)) {
        return Ok(python);
    }
    ensure_venv(workspace)?;
    let mut create = workspace.command("python3", &["-m", "venv", "--clear"]);
    process::run(create.arg(&folder))?;
    let mut install = workspace.command_at(&python);
    install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-r",
    ]);
    process::run(install.arg(&requirements))?;
    stamp.write()?;
    Ok(python)
}

/// Installs Python's module `venv` if it is missing, because Debian ships it in a separate package.
fn ensure_venv(workspace: &Workspace) -> Result<(), Error> {
    let mut probe = workspace.command("python3", &["-c", "import ensurepip, venv"]);
    if process::read(&mut probe).is_ok() {
        return Ok(());
    }
    let missing = Error::Missing {
        what: "Python's module venv",
        command: "sudo apt-get install -y --no-install-recommends python3-venv",
    };
    apt::install(workspace, &["python3-venv"], missing)
}
