//! `cargo xtask soak`: the long forms of tests, which take minutes on a machine that does nothing else.

use crate::error::Error;
use crate::workspace::Workspace;
use crate::{process, simulation};

/// Seeds of the simulator; the ordinary tests run 100,000.
const SEEDS: &str = "1000000";

/// Mutated inputs of the fuzz corpora; the ordinary tests run 2,000.
const MUTATIONS: &str = "200000";

/// Runs them one after the other, optimised, up to the first that fails.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Error> {
    println!("\n=== slow readers");
    let mut readers = workspace.cargo(&["run", "--release", "--package=push-wire-tests"]);
    process::run(readers.arg("--example=soak"))?;
    println!("\n=== simulation, {SEEDS} seeds");
    simulation::run(workspace, SEEDS)?;
    println!("\n=== fuzz corpora, {MUTATIONS} mutated inputs");
    let mut corpora = workspace.cargo(&["test", "--release", "--package=push-wire-tests"]);
    corpora.args(["--test=hostile", "--", "corpora", "--nocapture"]);
    process::run(corpora.env("HOSTILE_MUTATIONS", MUTATIONS))
}
