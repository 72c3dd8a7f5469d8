//! Rust targets of the builds, added when missing.

use crate::error::Error;
use crate::process;
use crate::workspace::Workspace;

/// Target of the browser module.
pub(crate) const BROWSER: &str = "wasm32-unknown-unknown";

/// Targets without a standard library, of 32 and 64 bits: `shared` must build for them with `alloc` alone.
pub(crate) const BARE: [&str; 2] = ["wasm32v1-none", "x86_64-unknown-none"];

/// Adds a target to the toolchain that builds this workspace, unless it is installed.
pub(crate) fn ensure_target(workspace: &Workspace, target: &str) -> Result<(), Error> {
    let installed = process::read(
        &mut workspace.command("rustc", &["--print", "target-libdir", "--target", target]),
    )?;
    if std::path::Path::new(&installed).exists() {
        return Ok(());
    }
    process::run(&mut workspace.command("rustup", &["target", "add", target]))
}
