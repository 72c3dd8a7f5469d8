//! Check of rooms and relay over many seeded runs.

use std::env;

use push_wire_simulation::rooms::{RoomsFault, RoomsTally, run_rooms};

/// Seeds that a test run tries; `ROOMS_SEED` names one seed to repeat.
const SEEDS: u64 = 5_000;

#[test]
fn rooms_and_relay_keep_their_promises() {
    let seeds = match env::var("ROOMS_SEED") {
        Ok(seed) => {
            let seed = seed.parse().unwrap();
            seed..seed + 1
        }
        Err(_) => 0..SEEDS,
    };
    let many = seeds.end - seeds.start == SEEDS;
    let mut tally = RoomsTally::default();
    for seed in seeds {
        match run_rooms(seed, RoomsFault::None) {
            Ok(run) => tally.add(&run),
            Err(failure) => panic!("ROOMS_SEED={}: {}", failure.seed, failure.what),
        }
    }
    println!("{tally:#?}");
    if many {
        let counts = [
            tally.entered,
            tally.refused_rooms,
            tally.passed,
            tally.refused,
            tally.repeated,
            tally.limited,
            tally.expired,
            tally.lists,
            tally.returns,
            tally.relayed,
            tally.slowed,
        ];
        assert!(counts.iter().all(|&count| count > 100), "{tally:#?}");
    }
}

#[test]
fn faults_of_the_driver_are_found() {
    for fault in [
        RoomsFault::IgnoreGrants,
        RoomsFault::IgnoreEnds,
        RoomsFault::IgnoreReturns,
        RoomsFault::IgnoreTimeouts,
        RoomsFault::IgnoreBudgets,
    ] {
        let failures = (0..50).filter(|&seed| run_rooms(seed, fault).is_err());
        let failures = failures.count();
        assert!(failures > 10, "{fault:?}: {failures} of 50 runs failed");
    }
}
