//! `cargo xtask shared-channels`: builds and runs `examples/shared-channels`, whose npm package has a module of its own.

use crate::error::Error;
use crate::wasm::{self, Module, Names, Profile};
use crate::workspace::Workspace;
use crate::{npm, pkg, process};

const EXAMPLE: &str = "examples/shared-channels";

/// Builds the npm packages and the backend, and runs the latter in place of this process. It prints its URL.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Error> {
    pkg::build(workspace)?;
    println!("building {EXAMPLE}");
    build(workspace, Profile::Small)?;
    process::run(&mut workspace.cargo(&["build", "--quiet", "--package=orders"]))?;
    let backend = workspace.target().join("debug/orders");
    let mut command = workspace.command(&backend.to_string_lossy(), &[]);
    process::replace_process(command.current_dir(workspace.root().join(EXAMPLE)))
}

/// Builds the example's npm package, and installs it into the example's folder. The npm package `push-wire` has to be built.
pub(crate) fn build(workspace: &Workspace, profile: Profile) -> Result<(), Error> {
    let package = workspace.root().join(EXAMPLE).join("package");
    let module = Module {
        name: "engine",
        cargo: &["build", "--package=orders-push"],
        krate: "orders_push",
        target: workspace.target(),
        profile,
    };
    wasm::build(workspace, &module, &package.join("engine"), Names::Drop)?;
    npm::install_into(workspace, EXAMPLE)?;
    let project = ["-p", "examples/shared-channels/package"];
    process::run(&mut npm::script(workspace, "typescript/bin/tsc", &project))
}
