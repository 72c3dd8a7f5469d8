//! `examples/leptos`, the demo's page in Rust.

use std::fs;
use std::path::{Path, PathBuf};

use crate::background::Background;
use crate::error::{Error, at};
use crate::wasm::{self, Module, Names, Profile};
use crate::workspace::Workspace;
use crate::{npm, process, toolchain};

const EXAMPLE: &str = "examples/leptos";
const MANIFEST: &str = "--manifest-path=examples/leptos/Cargo.toml";

/// `cargo xtask leptos`: builds the page and examples/live, and runs the latter in place of this process. It prints its URL.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Error> {
    npm::install(workspace)?;
    println!("building {EXAMPLE} and examples/live");
    build(workspace, Profile::Small)?;
    process::run(&mut workspace.cargo(&["build", "--quiet", "--release", "--package=live"]))?;
    let live = workspace.target().join("release/live");
    let page = ["--page", "examples/leptos/dist"];
    process::replace_process(&mut workspace.command(&live.to_string_lossy(), &page))
}

/// Starts to compile the page for its test beside other programs, into a folder of its own, so that it holds no lock of theirs.
pub(crate) fn begin(workspace: &Workspace) -> Result<Background, Error> {
    toolchain::ensure_target(workspace, toolchain::BROWSER)?;
    let target = target(workspace);
    let compile = wasm::compilation(workspace, &module(&target, Profile::Dev))?;
    Background::start(&compile, workspace.target().join("leptos.log"))
}

/// Lints the page in the build for its test. `clippy-driver` compiles this crate in place of rustc, and uses the dependencies
/// of that build; `cargo clippy` would check them all again, which takes a minute.
pub(crate) fn lint(workspace: &Workspace) -> Result<(), Error> {
    let target = target(workspace);
    let page = Module {
        cargo: &["rustc", "--locked", MANIFEST],
        ..module(&target, Profile::Dev)
    };
    let mut compile = wasm::compilation(workspace, &page)?;
    compile.env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver");
    process::run(compile.args(["--", "-D", "warnings"]))
}

/// Builds the page into its folder `dist`: the module, its bindings, and the files of `page`.
pub(crate) fn build(workspace: &Workspace, profile: Profile) -> Result<(), Error> {
    let folder = workspace.root().join(EXAMPLE);
    let dist = folder.join("dist");
    let target = target(workspace);
    wasm::build(workspace, &module(&target, profile), &dist, Names::Drop)?;
    for name in ["index.html", "style.css"] {
        let file = folder.join("page").join(name);
        fs::copy(&file, dist.join(name)).map_err(at(file))?;
    }
    Ok(())
}

fn target(workspace: &Workspace) -> PathBuf {
    workspace.target().join("leptos")
}

fn module(target: &Path, profile: Profile) -> Module<'_> {
    Module {
        name: "app",
        cargo: &["build", "--locked", MANIFEST],
        krate: "leptos-live",
        target,
        profile,
    }
}
