//! `cargo xtask bench-browser`: the benchmarks in a browser.

use crate::client::CHROMIUM;
use crate::error::Error;
use crate::wasm::{self, Module, Names, Profile};
use crate::workspace::Workspace;
use crate::{npm, process};

/// Builds the module and the input of bench/browser, and runs its benchmarks.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Error> {
    npm::install(workspace)?;
    let folder = workspace.root().join("bench/browser");
    let install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    process::run(workspace.command("npm", &install).current_dir(&folder))?;
    let built = folder.join("built");
    let module = Module {
        name: "browser",
        cargo: &[
            "rustc",
            "--lib",
            "--crate-type=cdylib",
            "--manifest-path=bench/Cargo.toml",
            "--package=push-wire-bench-browser",
        ],
        krate: "push_wire_bench_browser",
        target: &workspace.root().join("bench/target"),
        profile: Profile::Small,
    };
    wasm::build(workspace, &module, &built, Names::Drop)?;
    let write = ["run", "--quiet", "--release", "--bin=compression"];
    process::run(
        workspace
            .cargo(&write)
            .args(["--manifest-path=bench/Cargo.toml", "--", "--write"])
            .arg(&built),
    )?;
    process::run(
        workspace
            .command("node", &["bench/browser/run.mjs"])
            .env("CHROMIUM", CHROMIUM.path(workspace)?),
    )
}
