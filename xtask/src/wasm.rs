//! Builds crates as WebAssembly modules for a browser, with their JavaScript bindings.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wasm_bindgen_cli_support::Bindgen;

use crate::error::{Error, at};
use crate::import_names::ImportNames;
use crate::workspace::Workspace;
use crate::{function_order, npm, process, toolchain};

/// Setting to keep the names of functions in the module. Browsers do not need them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    Drop,
    Keep,
}

/// Profile of a build.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Optimised for size by rustc and `wasm-opt`.
    Small,
    /// Built fast, with the dependencies that the tests of the browser client use, for tests.
    Dev,
}

impl Profile {
    /// Name of the profile, and of its folder in cargo's target folder.
    const fn names(self) -> [&'static str; 2] {
        match self {
            Self::Small => ["wasm", "wasm"],
            Self::Dev => ["dev", "debug"],
        }
    }
}

/// A crate that is built as a module.
pub(crate) struct Module<'a> {
    /// Name of the files built: `NAME.wasm`, `NAME.js` and `NAME.d.ts`.
    pub(crate) name: &'a str,
    /// Command of cargo, and arguments that select the crate.
    pub(crate) cargo: &'a [&'a str],
    /// Name of the crate's file in cargo's target folder.
    pub(crate) krate: &'a str,
    /// Cargo's target folder.
    pub(crate) target: &'a Path,
    pub(crate) profile: Profile,
}

impl<'a> Module<'a> {
    /// The browser client.
    pub(crate) fn engine(workspace: &'a Workspace) -> Self {
        Self {
            name: "engine",
            cargo: &[
                "rustc",
                "--lib",
                "--crate-type=cdylib",
                "--package=push-wire-client-wasm",
                "--features=allocator,binary-values,js,tabs",
            ],
            krate: "push_wire_client_wasm",
            target: workspace.target(),
            profile: Profile::Small,
        }
    }
}

/// Passes of `wasm-opt`. `--low-memory-unused`: rustc places the stack first, so no object has an address in the first
/// KiB, and additions can move into the offsets of loads and stores. `--converge` repeats the passes until they change
/// nothing; this takes a second and saves 100 bytes. `--dealign` gives every load and store the same alignment, a hint that
/// engines ignore on today's processors, and saves 600 bytes with brotli. Without `local-cse`, repeated expressions stay in the
/// code, which saves 500 bytes with brotli, because a repetition takes less than a local variable. A larger function with one
/// caller stays a function of its own, which saves 400 bytes with brotli.
const PASSES: [&str; 6] = [
    "-Oz",
    "--low-memory-unused",
    "--converge",
    "--dealign",
    "--skip-pass=local-cse",
    "--one-caller-inline-max-function-size=30",
];

/// Builds a module and its bindings into a folder.
pub(crate) fn build(
    workspace: &Workspace,
    module: &Module<'_>,
    out: &Path,
    names: Names,
) -> Result<(), Error> {
    toolchain::ensure_target(workspace, toolchain::BROWSER)?;
    process::run(&mut compilation(workspace, module)?)?;
    fs::create_dir_all(out).map_err(at(out))?;
    let unoptimised = bind(module, out, names)?;
    let optimised = out.join(format!("{}.wasm", module.name));
    if module.profile == Profile::Dev {
        return fs::rename(&unoptimised, &optimised).map_err(at(&unoptimised));
    }
    let mut optimise = npm::script(workspace, "binaryen/bin/wasm-opt", &PASSES);
    if names == Names::Keep {
        optimise.arg("--debuginfo");
    }
    process::run(optimise.arg(&unoptimised).arg("-o").arg(&optimised))?;
    fs::remove_file(&unoptimised).map_err(at(&unoptimised))?;
    sort_functions(&optimised)
}

fn sort_functions(module: &Path) -> Result<(), Error> {
    let bytes = fs::read(module).map_err(at(module))?;
    let sorted = function_order::sort(&bytes).map_err(|error| Error::Module {
        module: module.to_path_buf(),
        message: error.to_string(),
    })?;
    fs::write(module, sorted).map_err(at(module))
}

/// Command that compiles the crate. The crate type of the browser client is given to cargo and not in its manifest, because
/// with a second type fat LTO has no effect.
pub(crate) fn compilation(workspace: &Workspace, module: &Module<'_>) -> Result<Command, Error> {
    let [profile, _] = module.profile.names();
    let mut cargo = workspace.cargo(module.cargo);
    cargo.args(["--quiet", "--profile", profile]);
    cargo.args(["--target", toolchain::BROWSER]);
    cargo.arg("--target-dir").arg(module.target);
    // Other flags would build the dependencies of a fast build once more.
    if module.profile == Profile::Small {
        cargo.env("CARGO_ENCODED_RUSTFLAGS", flags(workspace)?);
    }
    Ok(cargo)
}

/// Flags of rustc: SHA-256 without unrolled rounds, which saves 1 KB, and no path of this machine in the module, so that
/// every machine builds the same bytes.
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

fn bind(module: &Module<'_>, out: &Path, names: Names) -> Result<PathBuf, Error> {
    let [_, folder] = module.profile.names();
    let built = format!("{}/{folder}/{}.wasm", toolchain::BROWSER, module.krate);
    let built = module.target.join(built);
    let failed = |message| Error::Bindgen {
        module: built.clone(),
        message,
    };
    let mut output = Bindgen::new()
        .input_path(&built)
        .out_name(module.name)
        .typescript(true)
        .remove_name_section(names == Names::Drop)
        .remove_producers_section(true)
        // Bundlers cannot resolve the default `new URL("…", import.meta.url)`.
        .omit_default_module_path(true)
        .web(true)
        .and_then(Bindgen::generate_output)
        .map_err(|error| failed(format!("{error:#}")))?;
    let import_names = ImportNames::shorten(&mut output);
    output
        .emit(out)
        .map_err(|error| failed(format!("{error:#}")))?;
    let js = out.join(format!("{}.js", module.name));
    let text = fs::read_to_string(&js).map_err(at(&js))?;
    let renamed = import_names
        .rename(&text)
        .map_err(|name| failed(format!("its JavaScript does not define {name}")))?;
    fs::write(&js, renamed).map_err(at(&js))?;
    Ok(out.join(format!("{}_bg.wasm", module.name)))
}
