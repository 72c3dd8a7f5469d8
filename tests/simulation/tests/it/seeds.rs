//! Check of the promises over many seeded runs.

use std::env;
use std::time::Instant;

use push_wire_simulation::runner::{run_seed, run_seeds};

/// Seeds that a test run tries; `SIM_SEEDS` names another number, `SIM_SEED` one seed to repeat.
const SEEDS: u64 = 1_000;

/// Seeds among which each expected event occurs.
const ENOUGH: u64 = 10_000;

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{variable} must be a number, not {text:?}")))
}

#[test]
fn every_seed_keeps_the_promises() {
    if let Some(seed) = number("SIM_SEED") {
        run_seed(seed, true).unwrap_or_else(|failure| panic!("{}", failure.report()));
        return;
    }
    let begun = Instant::now();
    let seeds = number("SIM_SEEDS").unwrap_or(SEEDS);
    let tally = run_seeds(0..seeds).unwrap_or_else(|failure| panic!("{}", failure.report()));
    println!("{seeds} seeds in {:.1?}: {tally:#?}", begun.elapsed());
    if seeds >= ENOUGH {
        assert_eq!(tally.missing(), Vec::<String>::new(), "{tally:#?}");
    }
}

/// A reader of the low lane is overrun while all lanes have entries waiting: the lane loses its turn of the round.
#[test]
fn overrun_reader_loses_its_turn() {
    run_seed(18_200, false).unwrap_or_else(|failure| panic!("{}", failure.report()));
}
