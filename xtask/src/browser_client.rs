//! Tests of the browser client's Rust API in Node and in browsers, with the backend of the npm package's tests.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Stdio};

use crate::client::{CHROMIUM, FIREFOX};
use crate::error::{Error, at};
use crate::workspace::Workspace;
use crate::{npm, process, toolchain};

/// Runs the tests, which are compiled to WebAssembly: in Node, and in a page and a worker of each browser.
pub(crate) fn test(workspace: &Workspace) -> Result<(), Error> {
    toolchain::ensure_target(workspace, toolchain::BROWSER)?;
    npm::install_all(workspace)?;
    let runner = build_runner(workspace)?;
    let backend = Backend::start(workspace)?;
    let run = |runner: &OsStr, tests: &[&str]| {
        let mut test = workspace.cargo(&["test", "--package=push-wire-client-wasm"]);
        test.args([
            "--features=binary-values,js,tabs",
            "--target",
            toolchain::BROWSER,
        ]);
        test.args(tests)
            .env("PUSH_WIRE_SERVER", &backend.url)
            .env("CHROMIUM", CHROMIUM.path(workspace)?)
            .env("FIREFOX", FIREFOX.path(workspace)?);
        process::run(test.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner))
    };
    run(runner.as_os_str(), &["--test=node"])?;
    let script = workspace.root().join("tests/browser/wasm-tests.mjs");
    let mut in_browsers = OsString::from("node ");
    in_browsers.push(script);
    in_browsers.push(" ");
    in_browsers.push(&runner);
    run(&in_browsers, &["--test=page", "--test=worker"])
}

/// Builds the runner, which has a workspace of its own. Returns its path.
fn build_runner(workspace: &Workspace) -> Result<PathBuf, Error> {
    let target = workspace.target().join("wasm-runner");
    let mut build = workspace.cargo(&["build", "--quiet", "--locked"]);
    build.args(["--manifest-path", "xtask/wasm-runner/Cargo.toml"]);
    process::run(build.arg("--target-dir").arg(&target))?;
    Ok(target.join("debug/wasm-runner"))
}

/// Process of the backend. Dropping it ends the process.
struct Backend {
    child: Child,
    url: String,
    /// Kept open, because the program prints more than its URL.
    _output: Option<BufReader<ChildStdout>>,
}

impl Backend {
    /// Starts the backend on a free port, and waits until it has printed its URL.
    fn start(workspace: &Workspace) -> Result<Self, Error> {
        process::run(workspace.cargo_tests("build").arg("--example=fixture"))?;
        let program = workspace.target().join("debug/examples/fixture");
        let mut command = workspace.command_at(&program);
        command.arg("127.0.0.1:0").current_dir(workspace.pkg());
        // It ends with its standard input.
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = process::start(&mut command)?;
        let mut output = child.stdout.take().map(BufReader::new);
        let mut url = String::new();
        if let Some(output) = &mut output {
            output.read_line(&mut url).map_err(at(&program))?;
        }
        url.truncate(url.trim_end().len());
        Ok(Self {
            child,
            url,
            _output: output,
        })
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        for ended in [self.child.kill(), self.child.wait().map(drop)] {
            if let Err(error) = ended {
                eprintln!("xtask: process {} does not end: {error}", self.child.id());
            }
        }
    }
}
