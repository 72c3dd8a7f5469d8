//! `cargo xtask demo`: the demo with everything that it needs.

use crate::error::Error;
use crate::workspace::Workspace;
use crate::{pkg, process};

/// Builds the package and examples/live and becomes the latter, which prints its URL.
pub(crate) fn run(workspace: &Workspace, args: &[&str]) -> Result<(), Error> {
    pkg::build(workspace)?;
    println!("building examples/live");
    process::run(&mut workspace.cargo(&["build", "--quiet", "--release", "--package=live"]))?;
    let live = workspace.target().join("release/live");
    process::become_it(&mut workspace.command(&live.to_string_lossy(), args))
}
