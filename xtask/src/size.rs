//! `cargo xtask size`: sizes of the browser module, part by part, and of the npm package's files.

use crate::error::Error;
use crate::wasm::{self, Names};
use crate::workspace::Workspace;
use crate::{pkg, process};

/// Builds the package, and the module with the names of its functions, and prints their sizes.
pub(crate) fn print(workspace: &Workspace) -> Result<(), Error> {
    pkg::build(workspace)?;
    let out = workspace.target().join("xtask/size");
    wasm::build(
        workspace,
        &wasm::Module::engine(workspace),
        &out,
        Names::Keep,
    )?;
    let script = workspace.root().join("xtask/size.mjs");
    let mut node = workspace.command("node", &[]);
    node.arg(script).arg(out.join("engine.wasm"));
    process::run(node.arg(workspace.pkg().join("dist")))
}
