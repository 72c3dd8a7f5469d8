//! The simulator's seeds, in a build of their own profile.

use std::process::Command;

use crate::background::Background;
use crate::error::Error;
use crate::process;
use crate::workspace::Workspace;

/// Seeds of `cargo xtask test`; a plain `cargo test` runs 1,000.
const SEEDS: &str = "100000";

/// Builds the simulator and starts its tests beside others: they compute on virtual time, and measure nothing.
pub(crate) fn begin(workspace: &Workspace) -> Result<Background, Error> {
    process::run(tests(workspace).arg("--no-run"))?;
    let output = workspace.target().join("simulation.log");
    let mut tests = tests(workspace);
    tests.args(["--", "--nocapture"]).env("SIM_SEEDS", SEEDS);
    Background::start(&tests, output)
}

/// Runs this many seeds.
pub(crate) fn run(workspace: &Workspace, seeds: &str) -> Result<(), Error> {
    let mut tests = tests(workspace);
    process::run(
        tests
            .args(["--", "every_seed", "--nocapture"])
            .env("SIM_SEEDS", seeds),
    )
}

fn tests(workspace: &Workspace) -> Command {
    workspace.cargo(&[
        "test",
        "--quiet",
        "--package=push-wire-simulation",
        "--profile=simulation",
    ])
}
