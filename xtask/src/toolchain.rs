//! Rust targets, added when missing.

use crate::error::Error;
use crate::process;
use crate::workspace::Workspace;

/// The browser.
pub(crate) const BROWSER: &str = "wasm32-unknown-unknown";

/// A machine with nothing: proves that `shared` is no_std + alloc.
pub(crate) const BARE: &str = "wasm32v1-none";

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
