//! What the browser module weighs, part by part.

use crate::error::Error;
use crate::wasm::{self, Names};
use crate::workspace::Workspace;
use crate::{npm, process};

/// Builds the module with the names of its functions, and prints what they weigh.
pub(crate) fn print(workspace: &Workspace) -> Result<(), Error> {
    npm::install(workspace)?;
    let out = workspace.target().join("xtask/size");
    wasm::build(
        workspace,
        &wasm::Module::engine(workspace),
        &out,
        Names::Keep,
    )?;
    let script = workspace.root().join("xtask/size.mjs");
    let mut node = workspace.command("node", &[]);
    process::run(node.arg(script).arg(out.join("engine.wasm")))
}
