//! `cargo xtask bench-browser` and `bench-clients`: the benchmarks in a browser.

use crate::client::CHROMIUM;
use crate::error::Error;
use crate::wasm::{self, Module, Names, Profile};
use crate::workspace::Workspace;
use crate::{npm, pkg, process};

/// Measures the npm package against other clients.
pub(crate) fn clients(workspace: &Workspace) -> Result<(), Error> {
    pkg::build(workspace)?;
    install(workspace)?;
    let build = ["build", "--quiet", "--release", "--bin=page_server"];
    let target = workspace.root().join("bench/target");
    process::run(
        workspace
            .cargo(&build)
            .arg("--manifest-path=bench/Cargo.toml")
            .arg("--target-dir")
            .arg(&target),
    )?;
    process::run(
        workspace
            .command("node", &["bench/browser/clients.mjs"])
            .arg(target.join("release/page_server"))
            .env("CHROMIUM", CHROMIUM.path(workspace)?),
    )
}

fn install(workspace: &Workspace) -> Result<(), Error> {
    npm::install(workspace)?;
    let install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    let folder = workspace.root().join("bench/browser");
    process::run(workspace.command("npm", &install).current_dir(folder))
}

/// Builds the module and the input of bench/browser, and runs its benchmarks.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Error> {
    install(workspace)?;
    let built = workspace.root().join("bench/browser/built");
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
