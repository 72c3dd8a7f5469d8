//! `cargo xtask test`: all checks and tests, the fastest first.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::client::{CHROMIUM, CURL, Client, FIREFOX, NGINX};
use crate::error::Error;
use crate::wasm::Profile;
use crate::workspace::Workspace;
use crate::{
    browser_client, coturn, leptos, nginx, npm, pkg, process, shared_channels, simulation,
    toolchain, websocket,
};

type Step = (&'static str, fn(&Workspace) -> Result<(), Error>);

const CHECKS: &[Step] = &[
    ("format", format),
    ("lints", lints),
    ("lints without the tests", application_lints),
    ("lints of the browser client", browser_lints),
    ("Rust documentation", documentation),
    ("no_std check of shared", no_std),
];

const TESTS: &[Step] = &[
    ("Rust tests", rust_tests),
    ("nginx in front of two processes", nginx::test),
    ("credentials for coturn", coturn::test),
    ("features of serde_json", json_features),
    ("WebSocket protocol", websocket::test),
    ("published client", published_client),
    ("browser client", browser_client::test),
    ("npm package", pkg::build),
    ("package tests", package_tests),
    ("package in its hosts", package_matrix),
];

/// Crates with a workspace of their own.
const OTHER_WORKSPACES: [&str; 7] = [
    "bench",
    "examples/leptos",
    "fuzz",
    "tests/interop",
    "tests/json_features",
    "xtask/golden",
    "xtask/wasm-runner",
];

/// Runs the steps up to the first that fails, and prints the time of each. The simulator computes, and the page in Leptos is
/// compiled, while the tests wait.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Error> {
    let mut times = Times::default();
    let outcome = times
        .of_each(CHECKS, workspace)
        .and_then(|()| times.of("simulation: build", || simulation::begin(workspace)))
        .and_then(|seeds| {
            let page = leptos::begin(workspace)?;
            times.of_each(TESTS, workspace)?;
            times.of("page in Leptos: what is left", || {
                page.finish()?;
                leptos::build(workspace, Profile::Dev)
            })?;
            times.of("lints of the page in Leptos", || leptos::lint(workspace))?;
            times.of("browser tests", || browser_tests(workspace))?;
            times.of("simulation: what is left", || seeds.finish())
        });
    times.print(if outcome.is_ok() {
        "all passed"
    } else {
        "the last of these steps failed"
    });
    outcome
}

/// Times of the steps that have run.
#[derive(Default)]
struct Times(Vec<(&'static str, Duration)>);

impl Times {
    fn of_each(&mut self, steps: &[Step], workspace: &Workspace) -> Result<(), Error> {
        let mut steps = steps.iter();
        steps.try_for_each(|&(name, step)| self.of(name, || step(workspace)))
    }

    fn of<T>(
        &mut self,
        name: &'static str,
        step: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        println!("\n=== {name}");
        let begun = Instant::now();
        let outcome = step();
        self.0.push((name, begun.elapsed()));
        outcome
    }

    fn print(&self, verdict: &str) {
        println!("\n=== summary: {verdict}");
        for (name, time) in &self.0 {
            println!("{:>7.1} s  {name}", time.as_secs_f64());
        }
        let total: Duration = self.0.iter().map(|(_, time)| time).sum();
        println!("{:>7.1} s  in all", total.as_secs_f64());
    }
}

fn format(workspace: &Workspace) -> Result<(), Error> {
    process::run(&mut workspace.cargo(&["fmt", "--all", "--check"]))?;
    for folder in OTHER_WORKSPACES {
        let manifest = format!("{folder}/Cargo.toml");
        process::run(&mut workspace.cargo(&["fmt", "--check", "--manifest-path", &manifest]))?;
    }
    Ok(())
}

fn lints(workspace: &Workspace) -> Result<(), Error> {
    clippy(&mut workspace.cargo(&["clippy", "--quiet", "--workspace", "--all-targets"]))
}

/// The crates as an application builds them: in the whole workspace the tests turn on their feature `__internals`.
fn application_lints(workspace: &Workspace) -> Result<(), Error> {
    clippy(&mut workspace.cargo_applications("clippy"))
}

/// The browser client for its target: with its tests, all features and none; then as applications build it, with none and
/// with each feature that leaves a part out.
fn browser_lints(workspace: &Workspace) -> Result<(), Error> {
    toolchain::ensure_target(workspace, toolchain::BROWSER)?;
    let lint = |arguments: &[&str]| {
        let mut cargo = workspace.cargo(&["clippy", "--quiet", "--package=push-wire-client-wasm"]);
        clippy(cargo.args(["--target", toolchain::BROWSER]).args(arguments))
    };
    lint(&["--features=binary-values,js,tabs", "--all-targets"])?;
    lint(&["--no-default-features", "--all-targets"])?;
    for feature in ["", "binary-values", "js", "sse", "tabs", "zstd"] {
        lint(&["--no-default-features", "--features", feature])?;
    }
    Ok(())
}

fn clippy(clippy: &mut Command) -> Result<(), Error> {
    process::run(clippy.args(["--", "-D", "warnings"]))
}

/// With the features of [`application_lints`], so that dependencies are checked once for both.
fn documentation(workspace: &Workspace) -> Result<(), Error> {
    let mut doc = workspace.cargo_applications("doc");
    process::run(doc.arg("--no-deps").env("RUSTDOCFLAGS", "-D warnings"))
}

/// Checks `shared` on targets without a standard library, without features and with those that need none.
fn no_std(workspace: &Workspace) -> Result<(), Error> {
    for target in toolchain::BARE {
        toolchain::ensure_target(workspace, target)?;
        for features in ["", "rtc,ruzstd"] {
            process::run(&mut workspace.cargo(&[
                "check",
                "--quiet",
                "--package=push-wire-shared",
                "--no-default-features",
                "--features",
                features,
                "--target",
                target,
            ]))?;
        }
    }
    Ok(())
}

fn rust_tests(workspace: &Workspace) -> Result<(), Error> {
    process::run(&mut workspace.cargo(&["test", "--quiet", "--package=xtask"]))?;
    process::run(&mut workspace.cargo_tests("test"))
}

/// Tests with the published client, which has a workspace and lock file of its own, so that its dependencies affect no
/// other crate.
fn published_client(workspace: &Workspace) -> Result<(), Error> {
    test_other_workspace(workspace, "tests/interop/Cargo.toml")
}

/// Tests the codec in a build with the features of `serde_json` that change how it represents values.
fn json_features(workspace: &Workspace) -> Result<(), Error> {
    test_other_workspace(workspace, "tests/json_features/Cargo.toml")
}

/// Runs the tests of a crate with a workspace of its own.
fn test_other_workspace(workspace: &Workspace, manifest: &str) -> Result<(), Error> {
    let mut test = workspace.cargo(&["test", "--quiet", "--manifest-path", manifest]);
    process::run(test.env("CARGO_TARGET_DIR", workspace.target()))
}

fn package_tests(workspace: &Workspace) -> Result<(), Error> {
    node_tests(workspace, "pkg/tests", &[CHROMIUM])
}

/// The packed package in bundlers, pages, runtimes and test runners.
fn package_matrix(workspace: &Workspace) -> Result<(), Error> {
    node_tests(workspace, "pkg/tests/matrix", &[CHROMIUM, FIREFOX])
}

fn browser_tests(workspace: &Workspace) -> Result<(), Error> {
    npm::install_into(workspace, "examples/chat")?;
    shared_channels::build(workspace, Profile::Dev)?;
    node_tests(
        workspace,
        "tests/browser",
        &[CHROMIUM, FIREFOX, CURL, NGINX],
    )
}

/// Builds the programs that the tests of a folder start, and runs these tests with Node and these clients.
fn node_tests(workspace: &Workspace, folder: &str, clients: &[Client]) -> Result<(), Error> {
    npm::install_all(workspace)?;
    let mut paths = Vec::new();
    for client in clients {
        paths.push((client.variable, client.path(workspace)?));
    }
    let programs = [
        "--bin=chat",
        "--bin=guide-chat",
        "--bin=guide-dashboard",
        "--bin=guide-document",
        "--bin=guide-nginx",
        "--bin=live",
        "--bin=orders",
        "--example=fixture",
    ];
    process::run(workspace.cargo_tests("build").args(programs))?;
    let variables: Vec<(&str, &Path)> = paths
        .iter()
        .map(|(variable, path)| (*variable, path.as_path()))
        .collect();
    npm::test(workspace, folder, &variables)
}
