//! Rust targets, added when missing.

use crate::error::Error;
use crate::process;
use crate::workspace::Workspace;

/// The browser.
pub(crate) const BROWSER: &str = "wasm32-unknown-unknown";

/// Machines with nothing, of 32 and 64 bits: prove that `shared` is no_std + alloc.
pub(crate) const BARE: [&str; 2] = ["wasm32v1-none", "x86_64-unknown-none"];

/// Adds a target to the toolchain that builds this workspace, unless it is there.
pub(crate) fn ensure_target(workspace: &Workspace, target: &str) -> Result<(), Error> {
    let installed = process::read(
        &mut workspace.command("rustc", &["--print", "target-libdir", "--target", target]),
    )?;
    if std::path::Path::new(&installed).exists() {
        return Ok(());
    }
    process::run(&mut workspace.command("rustup", &["target", "add", target]))
}
