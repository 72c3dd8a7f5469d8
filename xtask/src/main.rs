//! The project's build and test commands.
//!
//! ```text
//! cargo xtask demo [-- ARGS]   build the npm package and examples/live, and run it
//! cargo xtask leptos           build examples/leptos, and serve it with examples/live
//! cargo xtask shared-channels  build and run examples/shared-channels
//! cargo xtask test             run all checks and tests
//! cargo xtask soak             run the long forms of tests
//! cargo xtask pkg              build the npm package into pkg/dist
//! cargo xtask size             print the size of the browser module, part by part
//! cargo xtask size features    print its size without each of its cargo features
//! cargo xtask bench-browser    measure decoding and deltas in Chromium (bench/README.md)
//! cargo xtask bench-clients    measure the npm package against other clients in Chromium
//! ```
//!
//! Missing programs are installed with rustup, npm or apt-get. Where that is not possible, the
//! error names the command to run.

mod apt;
mod background;
mod bench;
mod browser_client;
mod client;
mod coturn;
mod demo;
mod error;
mod fresh;
mod function_order;
mod import_names;
mod leptos;
mod module_text;
mod nginx;
mod npm;
mod pkg;
mod process;
mod shared_channels;
mod simulation;
mod size;
mod soak;
mod test;
mod toolchain;
mod wasm;
mod watchdog;
mod websocket;
mod workspace;

use std::process::ExitCode;

use error::Error;
use workspace::Workspace;

const USAGE: &str = "usage: cargo xtask COMMAND

  demo [-- ARGS]   build the npm package and examples/live, and run it with ARGS
  leptos           build examples/leptos, and serve it with examples/live
  shared-channels  build and run examples/shared-channels
  test             run all checks and tests
  soak             run the long forms of tests
  pkg              build the npm package into pkg/dist
  size [features]  print the size of the browser module, part by part, or without each of its cargo features
  bench-browser    measure decoding and deltas in Chromium
  bench-clients    measure the npm package against other clients in Chromium";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<(), Error> {
    let workspace = Workspace::find();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["pkg"] => pkg::build(&workspace),
        ["soak"] => soak::run(&workspace),
        ["size"] => size::print(&workspace),
        ["size", "features"] => size::print_features(&workspace),
        ["bench-browser"] => bench::run(&workspace),
        ["bench-clients"] => bench::clients(&workspace),
        ["shared-channels"] => shared_channels::run(&workspace),
        ["leptos"] => leptos::run(&workspace),
        ["test"] => test::run(&workspace),
        ["demo"] => demo::run(&workspace, &[]),
        ["demo", "--", rest @ ..] => demo::run(&workspace, rest),
        _ => Err(Error::Usage(USAGE)),
    }
}
