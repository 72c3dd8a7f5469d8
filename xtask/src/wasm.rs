//! The browser module: client-wasm, its JavaScript glue, and both made small.

use std::fs;
use std::path::{Path, PathBuf};

use wasm_bindgen_cli_support::Bindgen;

use crate::error::{Error, at};
use crate::workspace::Workspace;
use crate::{npm, process, toolchain};

/// Whether the module keeps the names of its functions, which browsers have no use for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    Drop,
    Keep,
}

/// Builds `engine.wasm`, `engine.js` and `engine.d.ts` into a folder.
pub(crate) fn build(workspace: &Workspace, out: &Path, names: Names) -> Result<(), Error> {
    toolchain::ensure_target(workspace, toolchain::BROWSER)?;
    compile(workspace)?;
    fs::create_dir_all(out).map_err(at(out))?;
    let glued = bind(&module(workspace), out, names)?;
    let small = out.join("engine.wasm");
    let mut shrink = npm::script(workspace, "binaryen/bin/wasm-opt", &["-Oz"]);
    if names == Names::Keep {
        shrink.arg("--debuginfo");
    }
    process::run(shrink.arg(&glued).arg("-o").arg(&small))?;
    fs::remove_file(&glued).map_err(at(&glued))
}

fn module(workspace: &Workspace) -> PathBuf {
    workspace
        .target()
        .join(toolchain::BROWSER)
        .join("wasm/push_wire_client_wasm.wasm")
}

/// The crate type is given here and not in the manifest: beside a second type fat LTO has no effect.
fn compile(workspace: &Workspace) -> Result<(), Error> {
    let mut cargo = workspace.cargo(&[
        "rustc",
        "--quiet",
        "--package=push-wire-client-wasm",
        "--lib",
        "--crate-type=cdylib",
        "--features=rt",
        "--profile=wasm",
        "--target",
        toolchain::BROWSER,
    ]);
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags(workspace)?);
    process::run(&mut cargo)
}

/// SHA-256 without its unrolled rounds: 1 KB less to load. And no folder of this machine in the module, so that it
/// is the same, bit for bit, wherever it was built.
fn flags(workspace: &Workspace) -> Result<String, Error> {
    let sysroot = process::read(&mut workspace.command("rustc", &["--print", "sysroot"]))?;
    let cargo_home = std::env::var_os("CARGO_HOME").map_or_else(
        || std::env::home_dir().unwrap_or_default().join(".cargo"),
        PathBuf::from,
    );
    let folders = [
        (cargo_home.join("registry/src"), ""),
        (Path::new(&sysroot).join("lib/rustlib/src/rust"), "rust"),
        (workspace.root().to_path_buf(), ""),
    ];
    let mut flags = vec![r#"--cfg=sha2_backend_soft="compact""#.to_owned()];
    flags.extend(folders.map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display())));
    Ok(flags.join("\u{1f}"))
}

fn bind(module: &Path, out: &Path, names: Names) -> Result<PathBuf, Error> {
    Bindgen::new()
        .input_path(module)
        .out_name("engine")
        .typescript(true)
        .remove_name_section(names == Names::Drop)
        .remove_producers_section(true)
        // Bundlers trip over the default `new URL("…", import.meta.url)`.
        .omit_default_module_path(true)
        .web(true)
        .and_then(|bindgen| bindgen.generate(out))
        .map_err(|error| Error::Bindgen {
            module: module.to_path_buf(),
            message: format!("{error:#}"),
        })?;
    Ok(out.join("engine_bg.wasm"))
}
