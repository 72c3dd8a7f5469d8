//! `cargo xtask bench-browser` and `bench-clients`: the benchmarks in a browser.

use crate::client::CHROMIUM;
use crate::error::Error;
use crate::fresh::Stamp;
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

/// Prints the sizes of other clients' bundles.
pub(crate) fn print_sizes(workspace: &Workspace) -> Result<(), Error> {
    install(workspace)?;
    process::run(&mut workspace.command("node", &["bench/browser/sizes.mjs"]))
}

/// Installs the packages of the benchmarks, unless they are installed.
fn install(workspace: &Workspace) -> Result<(), Error> {
    npm::install(workspace)?;
    let folder = workspace.root().join("bench/browser");
    let inputs = [folder.join("package-lock.json")];
    let stamp = Stamp::of(workspace.target(), "npm-bench", &inputs)?;
    if stamp.is_fresh(&[folder.join("node_modules")]) {
        return Ok(());
    }
    let install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    process::run(workspace.command("npm", &install).current_dir(folder))?;
    stamp.write()
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
