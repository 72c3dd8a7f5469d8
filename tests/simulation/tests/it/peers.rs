//! Check of the promises between two clients over many seeded runs.

use std::env;

use push_wire_simulation::peers::{PeerTally, run_peers};

/// Seeds that a test run tries; `PEER_SEED` names one seed to repeat.
const SEEDS: u64 = 10_000;

#[test]
fn messages_between_peers_arrive_once_in_order() {
    let seeds = match env::var("PEER_SEED") {
        Ok(seed) => {
            let seed = seed.parse().unwrap();
            seed..seed + 1
        }
        Err(_) => 0..SEEDS,
    };
    let many = seeds.end - seeds.start == SEEDS;
    let mut tally = PeerTally::default();
    for seed in seeds {
        match run_peers(seed, false) {
            Ok(run) => tally.add(&run),
            Err(failure) => panic!("PEER_SEED={}: {}", failure.seed, failure.what),
        }
    }
    println!("{tally:#?}");
    if many {
        let counts = [
            tally.messages,
            tally.connections,
            tally.glares,
            tally.silent_cuts,
            tally.lost,
            tally.repeated,
            tally.repeated_signals,
            tally.restarts,
            tally.notices,
            tally.reported,
        ];
        assert!(counts.iter().all(|&count| count > 100), "{tally:#?}");
    }
}

#[test]
fn repeated_session_number_is_found() {
    let failures = (0..50)
        .filter(|&seed| run_peers(seed, true).is_err())
        .count();
    assert!(failures > 25, "{failures} of 50 runs failed");
}
