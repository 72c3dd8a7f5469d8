//! The test of docs/deploy.md's nginx, with the program installed when missing.

use std::path::PathBuf;

use crate::error::Error;
use crate::workspace::Workspace;
use crate::{apt, process};

/// Path of Debian's package, which is not in every user's PATH.
const PATH: &str = "/usr/sbin/nginx";

/// Runs the test of two server processes behind nginx.
pub(crate) fn test(workspace: &Workspace) -> Result<(), Error> {
    let nginx = nginx(workspace)?;
    let mut test = workspace.cargo_tests("test");
    test.args(["--test=end_to_end", "--", "--ignored", "nginx"]);
    process::run(test.env("NGINX_BIN", nginx))
}

/// Path of nginx: from PATH, else of a Debian package that is installed now.
fn nginx(workspace: &Workspace) -> Result<PathBuf, Error> {
    if let Some(found) = find() {
        return Ok(found);
    }
    let missing = || Error::Missing {
        what: "nginx, for the test of docs/deploy.md,",
        command: "sudo apt-get install -y --no-install-recommends nginx",
    };
    apt::install(workspace, &["nginx"], missing())?;
    find().ok_or_else(missing)
}

fn find() -> Option<PathBuf> {
    apt::on_path("nginx").or_else(|| Some(PathBuf::from(PATH)).filter(|path| path.is_file()))
}
