//! `cargo xtask soak`: the long forms of tests, which take minutes on a machine that does nothing else.

use std::process::Command;

use crate::error::Error;
use crate::process;
use crate::workspace::Workspace;

/// Seeds of the simulator; the ordinary tests run 10,000.
const SEEDS: &str = "100000";

/// Mutated inputs of the fuzz corpora; the ordinary tests run 2,000.
const MUTATIONS: &str = "200000";

/// Runs them one after the other, optimised, up to the first that fails.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Error> {
    println!("\n=== slow readers");
    let mut readers = workspace.cargo(&["run", "--release", "--package=push-wire-tests"]);
    process::run(readers.arg("--example=soak"))?;
    println!("\n=== simulation, {SEEDS} seeds");
    let mut simulation = test(workspace, "simulation", "every_seed");
    process::run(simulation.env("SIM_SEEDS", SEEDS))?;
    println!("\n=== fuzz corpora, {MUTATIONS} mutated inputs");
    let mut corpora = test(workspace, "hostile", "corpora");
    process::run(corpora.env("HOSTILE_MUTATIONS", MUTATIONS))
}

/// Command that runs the tests of one kind (a folder of `tests/`) with this text in their names.
fn test(workspace: &Workspace, kind: &str, name: &str) -> Command {
    let mut test = workspace.cargo(&["test", "--release", "--package=push-wire-tests"]);
    test.args(["--test", kind, "--", name, "--nocapture"]);
    test
}
