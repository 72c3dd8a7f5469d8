//! `cargo xtask size`: sizes of the browser module, part by part, of the npm package's files, and of other clients; or of the module
//! without each of its cargo features.

use crate::error::Error;
use crate::wasm::{self, Names};
use crate::workspace::Workspace;
use crate::{bench, pkg, process};

/// Builds the package, and the module with the names of its functions, and prints their sizes and those of other clients.
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
    process::run(node.arg(workspace.pkg().join("dist")))?;
    println!("other clients, each in a bundle of its own:");
    bench::print_sizes(workspace)
}

/// Cargo features that leave parts out of the module.
const FEATURES: [&str; 4] = ["binary-values", "sse", "tabs", "zstd"];

/// Builds the module with all features, without each of them, and with none, and prints its size.
pub(crate) fn print_features(workspace: &Workspace) -> Result<(), Error> {
    let all_but = |left_out: &str| FEATURES.map(|name| if name == left_out { "" } else { name });
    print_size(workspace, "all", &FEATURES)?;
    for name in FEATURES {
        print_size(workspace, &format!("without {name}"), &all_but(name))?;
    }
    print_size(workspace, "none", &[])
}

fn print_size(workspace: &Workspace, name: &str, features: &[&str]) -> Result<(), Error> {
    let features = format!("--features=allocator,js,{}", features.join(","));
    let package = "--package=push-wire-client-wasm";
    let module = wasm::Module {
        cargo: &[
            "rustc",
            "--lib",
            "--crate-type=cdylib",
            package,
            "--no-default-features",
            &features,
        ],
        ..wasm::Module::engine(workspace)
    };
    let out = workspace.target().join("xtask/size");
    wasm::build(workspace, &module, &out, Names::Drop)?;
    let script = workspace.root().join("xtask/brotli.mjs");
    let mut node = workspace.command("node", &[]);
    process::run(node.arg(script).arg(name).arg(out.join("engine.wasm")))
}
