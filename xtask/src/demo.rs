//! `cargo xtask demo`: builds and runs the demo, `examples/live`.

use crate::error::Error;
use crate::workspace::Workspace;
use crate::{pkg, process};

/// Builds the npm package and examples/live, and runs the latter in place of this process. It prints its URL.
pub(crate) fn run(workspace: &Workspace, args: &[&str]) -> Result<(), Error> {
    pkg::build(workspace)?;
    println!("building examples/live");
    process::run(&mut workspace.cargo(&["build", "--quiet", "--release", "--package=live"]))?;
    let live = workspace.target().join("release/live");
    process::replace_process(&mut workspace.command(&live.to_string_lossy(), args))
}
