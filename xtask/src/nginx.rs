//! The test of docs/deploy.md's nginx.

use crate::client::NGINX;
use crate::error::Error;
use crate::process;
use crate::workspace::Workspace;

/// Runs the test of two server processes behind nginx.
pub(crate) fn test(workspace: &Workspace) -> Result<(), Error> {
    let nginx = NGINX.path(workspace)?;
    let mut test = workspace.cargo_tests("test");
    test.args(["--test=end_to_end", "--", "--ignored", "nginx"]);
    process::run(test.env(NGINX.variable, nginx))
}
