//! The test of docs/relay.md's coturn, with the program installed when missing.

use crate::error::Error;
use crate::workspace::Workspace;
use crate::{apt, process};

/// Runs the test of credentials for a TURN server.
pub(crate) fn test(workspace: &Workspace) -> Result<(), Error> {
    install(workspace)?;
    let mut test = workspace.cargo_tests("test");
    process::run(test.args(["--test=end_to_end", "--", "--ignored", "coturn"]))
}

/// Installs coturn, unless its two programs are in PATH.
fn install(workspace: &Workspace) -> Result<(), Error> {
    let is_found = || {
        ["turnserver", "turnutils_uclient"]
            .iter()
            .all(|name| apt::on_path(name).is_some())
    };
    let missing = || Error::Missing {
        what: "coturn, for the test of docs/relay.md,",
        command: "sudo apt-get install -y --no-install-recommends coturn",
    };
    if is_found() {
        return Ok(());
    }
    apt::install(workspace, &["coturn"], missing())?;
    is_found().then_some(()).ok_or_else(missing)
}
