//! Tests of the checks: with a faulty server they must report the promise that it breaks.

use std::time::Duration;

use push_wire_simulation::check::Promise;
use push_wire_simulation::excess::ExceededRate;
use push_wire_simulation::fault_injector::InjectedFault;
use push_wire_simulation::feed::Feed;
use push_wire_simulation::operation::{Operation, RevokedSubject};
use push_wire_simulation::schedule::Schedule;
use push_wire_simulation::tally::Tally;
use push_wire_simulation::world::{Report, World};

/// Seeds, of which each transport has some.
const RUNS: u64 = 16;

fn run(fault: InjectedFault) -> Result<bool, Promise> {
    run_with(10, fault)
}

/// One page that reads a room; a restart between two publications of entries with this padding. Returns whether the
/// fault was injected.
fn run_with(bytes: u16, fault: InjectedFault) -> Result<bool, Promise> {
    let feed = Feed::Room(0);
    let restart = Operation::Restart {
        down_ms: 100,
        noticed: true,
    };
    let operations = [
        read(feed),
        publish(feed, 5, bytes),
        restart,
        publish(feed, 3, bytes),
    ];
    run_operations(&operations, fault)
}

/// One page that reads a feed whose slow readers skip entries, of which many are published at once.
fn run_skip(fault: InjectedFault) -> Result<bool, Promise> {
    let feed = Feed::Samples;
    let operations = [
        read(feed),
        publish(feed, 5, 10),
        publish(feed, 40, 10),
        publish(feed, 3, 10),
    ];
    run_operations(&operations, fault)
}

fn publish(feed: Feed, count: u16, bytes: u16) -> Operation {
    Operation::Publish {
        feed,
        page: 0,
        count,
        bytes,
    }
}

fn read(feed: Feed) -> Operation {
    Operation::ToggleSubscription {
        page: 0,
        feed,
        newest: false,
    }
}

fn run_operations(operations: &[Operation], fault: InjectedFault) -> Result<bool, Promise> {
    let report = run_seed(1, operations, fault)?;
    Ok(report.fault_injected)
}

fn run_seed(seed: u64, operations: &[Operation], fault: InjectedFault) -> Result<Report, Promise> {
    let wait = Duration::from_secs(3);
    let schedule = Schedule {
        seed,
        pages: 1,
        operations: operations.iter().map(|it| (wait, *it)).collect(),
    };
    World::run(&schedule, fault, false).map_err(|error| error.promise)
}

/// Counts of a correct server's runs with these operations. With this fault, each of the runs breaks the promise.
fn found_in_every_run(operations: &[Operation], fault: InjectedFault, promise: Promise) -> Tally {
    let mut tally = Tally::default();
    for seed in 0..RUNS {
        tally += &run_seed(seed, operations, InjectedFault::None)
            .unwrap()
            .tally;
        let error = run_seed(seed, operations, fault).map(|report| report.tally);
        assert_eq!(error, Err(promise), "seed {seed}");
    }
    tally
}

#[test]
fn correct_server_breaks_no_promise() {
    assert_eq!(run(InjectedFault::None), Ok(false));
    assert_eq!(run_skip(InjectedFault::None), Ok(false));
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

#[test]
fn unanswered_handshake_is_found() {
    assert_eq!(run(InjectedFault::Silence), Err(Promise::Handshake));
}

#[test]
fn overstated_skip_is_found() {
    assert_eq!(run_skip(InjectedFault::OverstateSkip), Err(Promise::Skips));
}

#[test]
fn reversed_lanes_are_found_over_both_transports() {
    // The network is slow until the last operation.
    let mut operations = vec![Operation::Saturate { page: 0 }];
    operations.extend([Operation::Connect { page: 0 }; 8]);
    let tally = found_in_every_run(&operations, InjectedFault::ReverseLanes, Promise::Lanes);
    for transport in ["a WebSocket", "an event stream"] {
        assert_ne!(tally.count(&format!("lanes saturated over {transport}")), 0);
    }
}

#[test]
fn missing_rates_are_found() {
    for rate in ExceededRate::ALL {
        let heeds = false;
        let exceeded = [Operation::Exceed { rate, heeds }];
        let found = run_operations(&exceeded, InjectedFault::NoRates);
        assert_eq!(found, Err(Promise::Limits), "{rate:?}");
    }
}

#[test]
fn unfounded_notice_is_found() {
    let sends = [Operation::Send { page: 0, count: 5 }];
    let tally = found_in_every_run(&sends, InjectedFault::TinyRates, Promise::Limits);
    assert_ne!(tally.count("messages confirmed"), 0);
}

#[test]
fn ignored_revocations_are_found_over_both_transports() {
    for subject in [
        RevokedSubject::Token,
        RevokedSubject::Identity,
        RevokedSubject::Client,
    ] {
        let revoke = Operation::Revoke { page: 0, subject };
        let operations = [read(Feed::Room(0)), revoke, publish(Feed::Room(0), 3, 10)];
        let fault = InjectedFault::IgnoreRevocations;
        let tally = found_in_every_run(&operations, fault, Promise::Revocation);
        assert_eq!(tally.count("closed after a revocation"), RUNS);
        assert_ne!(tally.count("event streams"), 0);
    }
}
