//! Tests of the checks: with a faulty server they must report the promise that it breaks.

use std::time::Duration;

use push_wire_tests::sim::check::Promise;
use push_wire_tests::sim::fault_injector::InjectedFault;
use push_wire_tests::sim::feed::Feed;
use push_wire_tests::sim::schedule::{Operation, Schedule};
use push_wire_tests::sim::world::World;

fn run(fault: InjectedFault) -> Result<bool, Promise> {
    run_with(10, fault)
}

/// One page that reads a room; a restart between two publications of entries with this padding. Returns whether the
/// fault was injected.
fn run_with(bytes: u16, fault: InjectedFault) -> Result<bool, Promise> {
    let feed = Feed::Room(0);
    let publish = |count| Operation::Publish {
        feed,
        page: 0,
        count,
        bytes,
    };
    let toggle_subscription = Operation::ToggleSubscription {
        page: 0,
        feed,
        newest: false,
    };
    let restart = Operation::Restart {
        down_ms: 100,
        noticed: true,
    };
    let operations = [toggle_subscription, publish(5), restart, publish(3)];
    let schedule = Schedule {
        seed: 1,
        pages: 1,
        operations: operations.map(|it| (Duration::from_secs(3), it)).into(),
    };
    let report = World::run(&schedule, fault, false);
    let fault_injected = report.map(|report| report.fault_injected);
    fault_injected.map_err(|error| error.promise)
}

#[test]
fn correct_server_breaks_no_promise() {
    assert_eq!(run(InjectedFault::None), Ok(false));
}

#[test]
fn lost_entry_is_read_again() {
    assert_eq!(run(InjectedFault::Lose), Ok(true));
}

#[test]
fn lost_fragment_is_read_again() {
    assert_eq!(run_with(12_000, InjectedFault::None), Ok(false));
    assert_eq!(run_with(12_000, InjectedFault::Lose), Ok(true));
}

#[test]
fn skipped_entry_is_found() {
    assert_eq!(run(InjectedFault::Skip), Err(Promise::Content));
}

#[test]
fn repeated_entry_is_found() {
    assert_eq!(run(InjectedFault::Repeat), Err(Promise::Content));
}

#[test]
fn forged_resume_is_found() {
    assert_eq!(run(InjectedFault::ClaimResume), Err(Promise::Outcome));
}
