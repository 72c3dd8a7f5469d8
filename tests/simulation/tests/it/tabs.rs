//! Check of tabs that share a connection, over many seeded runs.

use std::env;

use push_wire_simulation::tabs::{TabsFault, TabsTally, run_tabs};

/// Seeds that a test run tries; `TABS_SEED` names one seed to repeat, traced, and `TABS_SEEDS` another number.
const SEEDS: u64 = 2_000;

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|text| text.parse().unwrap())
}

#[test]
fn tabs_keep_their_promises() {
    let one = number("TABS_SEED");
    let seeds = match one {
        Some(seed) => seed..seed + 1,
        None => 0..number("TABS_SEEDS").unwrap_or(SEEDS),
    };
    let mut tally = TabsTally::default();
    for seed in seeds {
        match run_tabs(seed, TabsFault::None, one.is_some()) {
            Ok(run) => tally.add(&run),
            Err(failure) => panic!("TABS_SEED={}: {}", failure.seed, failure.what),
        }
    }
    println!("{tally:#?}");
    if one.is_none() {
        let counts = tally.counts();
        assert!(counts.iter().all(|&count| count > 100), "{tally:#?}");
    }
}

#[test]
fn faults_of_the_driver_of_tabs_are_found() {
    for fault in [
        TabsFault::WithoutNumbers,
        TabsFault::WithoutEnds,
        TabsFault::WithoutAnnouncements,
    ] {
        let failures = (0..200).filter(|&seed| run_tabs(seed, fault, false).is_err());
        let failures = failures.count();
        assert!(failures > 3, "{fault:?}: {failures} of 200 runs failed");
    }
}
