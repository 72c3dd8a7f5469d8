//! `cargo xtask pkg`: builds the npm package, the browser module and its TypeScript API, into pkg/dist.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, at};
use crate::fresh::Stamp;
use crate::wasm::Module;
use crate::workspace::Workspace;
use crate::{module_text, npm, process, wasm};

/// Builds the package, unless its inputs are unchanged since the last build.
pub(crate) fn build(workspace: &Workspace) -> Result<(), Error> {
    npm::install(workspace)?;
    let dist = workspace.pkg().join("dist");
    let stamp = Stamp::of(workspace.target(), "pkg", &inputs(workspace))?;
    if stamp.is_fresh(&[dist.join("index.js"), dist.join("slim.js")]) {
        return Ok(());
    }
    println!("building pkg/dist");
    wasm::build(
        workspace,
        &Module::engine(workspace),
        &workspace.pkg().join("engine"),
        wasm::Names::Drop,
    )?;
    bundle(workspace)?;
    stamp.write()
}

fn inputs(workspace: &Workspace) -> Vec<PathBuf> {
    [
        "Cargo.toml",
        "Cargo.lock",
        "package-lock.json",
        "shared/Cargo.toml",
        "shared/src",
        "client-wasm/Cargo.toml",
        "client-wasm/src",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "pkg/bundle.mjs",
        "pkg/package.json",
        "pkg/tsconfig.json",
        "pkg/src",
        "xtask/src",
    ]
    .into_iter()
    .map(|path| workspace.root().join(path))
    .collect()
}

/// Bundles the TypeScript. The entry `index` contains the module as text, so that every loader can load it; `slim` is given the
/// module by the page.
fn bundle(workspace: &Workspace) -> Result<(), Error> {
    let pkg = workspace.pkg();
    let wasm = pkg.join("engine/engine.wasm");
    write_text(&wasm, &pkg.join("engine/engine.text"))?;
    let dist = pkg.join("dist");
    if dist.exists() {
        fs::remove_dir_all(&dist).map_err(at(&dist))?;
    }
    process::run(&mut npm::script(
        workspace,
        "typescript/bin/tsc",
        &["-p", "pkg"],
    ))?;
    process::run(&mut workspace.command("node", &["pkg/bundle.mjs"]))?;
    let module = dist.join("push-wire.wasm");
    fs::copy(wasm, &module).map_err(at(module))?;
    copy_licenses(workspace)
}

/// Copies the licenses into the package, since npm packs no file from outside of it.
fn copy_licenses(workspace: &Workspace) -> Result<(), Error> {
    for name in ["LICENSE-APACHE", "LICENSE-MIT"] {
        let copy = workspace.pkg().join(name);
        fs::copy(workspace.root().join(name), &copy).map_err(at(copy))?;
    }
    Ok(())
}

fn write_text(file: &Path, text: &Path) -> Result<(), Error> {
    let bytes = fs::read(file).map_err(at(file))?;
    fs::write(text, module_text::encode(&bytes)).map_err(at(text))
}
