//! The promises, over many seeded runs and against servers that break them.

use std::env;

use push_wire_tests::sim::runner::{run_seed, run_seeds};

/// Seeds that every test run tries; `SIM_SEEDS` names another number, `SIM_SEED` one seed to repeat.
const SEEDS: u64 = 10_000;

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{variable} must be a number, not {text:?}")))
}

#[test]
fn every_seed_keeps_the_promises() {
    let failure = match number("SIM_SEED") {
        Some(seed) => run_seed(seed, true),
        None => run_seeds(0..number("SIM_SEEDS").unwrap_or(SEEDS)),
    };
    if let Some(failure) = failure {
        panic!("{}", failure.report());
    }
}
