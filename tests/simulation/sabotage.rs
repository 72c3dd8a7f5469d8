//! The checks against servers that break the promises: each kind of breakage must be seen, and named.

use std::time::Duration;

use push_wire_tests::sim::check::Promise;
use push_wire_tests::sim::feed::Feed;
use push_wire_tests::sim::saboteur::Sabotage;
use push_wire_tests::sim::schedule::{Operation, Schedule};
use push_wire_tests::sim::world::World;

fn run(sabotage: Sabotage) -> Result<bool, Promise> {
    run_with(10, sabotage)
}

/// One page that reads a room; a restart between two publications of entries with this padding. Tells whether the
/// sabotage was done.
fn run_with(bytes: u16, sabotage: Sabotage) -> Result<bool, Promise> {
    let feed = Feed::Room(0);
    let publish = |count| Operation::Publish {
        feed,
        page: 0,
        count,
        bytes,
    };
    let toggle = Operation::Toggle {
        page: 0,
        feed,
        newest: false,
    };
    let restart = Operation::Restart {
        down_ms: 100,
        told: true,
    };
    let operations = [toggle, publish(5), restart, publish(3)];
    let schedule = Schedule {
        seed: 1,
        pages: 1,
        operations: operations.map(|it| (Duration::from_secs(3), it)).into(),
    };
    let report = World::run(&schedule, sabotage, false);
    let sabotaged = report.map(|report| report.sabotaged);
    sabotaged.map_err(|violation| violation.promise)
}

#[test]
fn a_good_server_breaks_nothing() {
    assert_eq!(run(Sabotage::None), Ok(false));
}

#[test]
fn lost_entry_is_read_again() {
    assert_eq!(run(Sabotage::Lose), Ok(true));
}

#[test]
fn lost_fragment_is_read_again() {
    assert_eq!(run_with(12_000, Sabotage::None), Ok(false));
    assert_eq!(run_with(12_000, Sabotage::Lose), Ok(true));
}

#[test]
fn a_skipped_entry_is_caught() {
    assert_eq!(run(Sabotage::Skip), Err(Promise::Truth));
}

#[test]
fn a_repeated_entry_is_caught() {
    assert_eq!(run(Sabotage::Repeat), Err(Promise::Truth));
}

#[test]
fn a_resume_that_cannot_be_is_caught() {
    assert_eq!(run(Sabotage::ClaimResume), Err(Promise::Outcome));
}
