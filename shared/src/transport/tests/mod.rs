//! Tests of the state machine.

mod model;

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::limits::{PATH_CHANNELS, PATHS};
use crate::time::Moment;

const POLICY: FailoverPolicy = FailoverPolicy {
    failure_threshold: 2,
    retry_backoff: Duration::from_secs(10),
};

fn at(seconds: u64) -> Moment {
    Moment::after_origin(Duration::from_secs(seconds))
}

fn peer(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn packet(channel: &str, cursor: Option<u64>) -> TransportPacket {
    let packet = TransportPacket::new(channel, json!(1));
    match cursor {
        Some(cursor) => packet.with_cursor(cursor),
        None => packet,
    }
}

/// Paths whose peer 1 is reached from peer to peer.
fn paths() -> Paths {
    let mut paths = Paths::new(POLICY);
    let switch = paths.switch(
        at(0),
        peer(1),
        TransportMode::P2p,
        ModeSwitchReason::Requested,
    );
    assert_eq!(switch.unwrap().generation, 1);
    paths
}

/// A packet that the path between the peers does not accept, and the relay does.
fn fail(paths: &mut Paths, now: Moment) -> RouteOutcome {
    let mut dispatch = paths.begin(peer(1), &packet("a", None)).unwrap();
    paths.fail_over(&mut dispatch);
    paths.sent(now, dispatch)
}

fn succeed(paths: &mut Paths, now: Moment) -> RouteOutcome {
    let dispatch = paths.begin(peer(1), &packet("a", None)).unwrap();
    paths.sent(now, dispatch)
}

#[test]
fn failures_in_a_row_change_to_relay_and_time_back() {
    let mut paths = paths();
    assert_eq!(fail(&mut paths, at(1)).active_mode, TransportMode::P2p);
    assert_eq!(succeed(&mut paths, at(1)).route, TransportRoute::P2p);
    assert_eq!(fail(&mut paths, at(1)).switch, None, "the success counts");
    let outcome = fail(&mut paths, at(2));
    let switch = outcome.switch.unwrap();
    assert_eq!(outcome.route, TransportRoute::Relay);
    assert_eq!(
        (switch.previous_mode, switch.mode),
        (TransportMode::P2p, TransportMode::Relay)
    );
    assert_eq!(
        (switch.reason, switch.generation),
        (ModeSwitchReason::PathDegraded, 2)
    );
    assert_eq!(succeed(&mut paths, at(3)).route, TransportRoute::Relay);

    assert_eq!(paths.retry_at(peer(1)), Some(at(12)));
    assert_eq!(paths.retry(at(11), peer(1)), None);
    let switch = paths.retry(at(12), peer(1)).unwrap();
    assert_eq!(
        (switch.previous_mode, switch.mode),
        (TransportMode::Relay, TransportMode::P2p)
    );
    assert_eq!(
        (switch.reason, switch.generation),
        (ModeSwitchReason::PathRecovered, 3)
    );
    assert_eq!(paths.retry(at(99), peer(1)), None);
    assert_eq!(fail(&mut paths, at(12)).switch, None, "failures count anew");
}

#[test]
fn mode_stays_while_relay_fails_too() {
    let mut paths = paths();
    for _ in 0..5 {
        let mut dispatch = paths.begin(peer(1), &packet("a", Some(7))).unwrap();
        paths.fail_over(&mut dispatch);
        assert_eq!(dispatch.route(), TransportRoute::Relay);
        paths.cancel(dispatch);
        assert_eq!(paths.mode(peer(1)), TransportMode::P2p);
    }
    let outcome = fail(&mut paths, at(1));
    assert_eq!(outcome.switch.unwrap().mode, TransportMode::Relay);
}

#[test]
fn switch_by_hand_is_kept() {
    let mut paths = paths();
    fail(&mut paths, at(0));
    fail(&mut paths, at(0));
    let operator = ModeSwitchReason::OperatorOverride;
    assert_eq!(
        paths.switch(at(1), peer(1), TransportMode::Relay, operator),
        None
    );
    assert_eq!(
        paths.retry(at(99), peer(1)),
        None,
        "the relay is what the operator wants"
    );

    paths
        .switch(at(99), peer(1), TransportMode::P2p, operator)
        .unwrap();
    let degraded = ModeSwitchReason::PathDegraded;
    paths
        .switch(at(100), peer(1), TransportMode::Relay, degraded)
        .unwrap();
    assert_eq!(
        paths.switch(at(105), peer(1), TransportMode::Relay, degraded),
        None
    );
    assert!(
        paths.retry(at(110), peer(1)).is_some(),
        "the caller has seen the failure"
    );

    paths
        .switch(at(120), peer(1), TransportMode::Direct, degraded)
        .unwrap();
    paths
        .switch(at(121), peer(1), TransportMode::Relay, degraded)
        .unwrap();
    assert_eq!(
        paths.retry(at(999), peer(1)),
        None,
        "there was no path between the peers"
    );
}

#[test]
fn outcome_of_an_earlier_mode_does_not_count() {
    let mut paths = paths();
    let mut dispatches: Vec<Dispatch> = (0..4)
        .map(|_| paths.begin(peer(1), &packet("a", None)).unwrap())
        .collect();
    paths.switch(
        at(0),
        peer(1),
        TransportMode::Direct,
        ModeSwitchReason::Requested,
    );
    paths.switch(
        at(0),
        peer(1),
        TransportMode::P2p,
        ModeSwitchReason::Requested,
    );
    for mut dispatch in dispatches.drain(..3) {
        paths.fail_over(&mut dispatch);
        assert_eq!(paths.sent(at(0), dispatch).switch, None);
    }
    paths.forget(peer(1));
    let mut dispatch = dispatches.remove(0);
    paths.fail_over(&mut dispatch);
    let outcome = paths.sent(at(0), dispatch);
    assert_eq!(
        (outcome.active_mode, outcome.switch),
        (TransportMode::Direct, None)
    );
    assert!(paths.is_empty());
}

#[test]
fn cursor_is_reserved_while_it_is_sent() {
    let mut paths = paths();
    let first = paths.begin(peer(1), &packet("a", Some(5))).unwrap();
    assert!(
        paths.begin(peer(1), &packet("a", Some(5))).is_none(),
        "it is being sent"
    );
    assert!(paths.begin(peer(1), &packet("a", Some(4))).is_none());
    let second = paths.begin(peer(1), &packet("a", Some(6))).unwrap();
    let elsewhere = paths.begin(peer(1), &packet("b", Some(5))).unwrap();
    let other = paths.begin(peer(2), &packet("a", Some(5))).unwrap();
    paths.cancel(second);
    paths.cancel(first);
    let again = paths.begin(peer(1), &packet("a", Some(5))).unwrap();
    for dispatch in [again, elsewhere, other] {
        assert!(paths.sent(at(0), dispatch).delivered);
    }
    for (n, channel) in [(1, "a"), (1, "b"), (2, "a")] {
        assert!(paths.begin(peer(n), &packet(channel, Some(5))).is_none());
    }
    assert!(paths.begin(peer(1), &packet("a", Some(u64::MAX))).is_some());
    assert!(paths.begin(peer(1), &packet("a", Some(u64::MAX))).is_none());
}

#[test]
fn reservation_ends_with_its_peer() {
    let mut paths = paths();
    let old = paths.begin(peer(1), &packet("a", Some(5))).unwrap();
    paths.forget(peer(1));
    let new = paths.begin(peer(1), &packet("a", Some(5))).unwrap();
    paths.cancel(old);
    assert!(
        paths.begin(peer(1), &packet("a", Some(5))).is_none(),
        "the new one is being sent"
    );
    paths.cancel(new);
    assert!(paths.begin(peer(1), &packet("a", Some(5))).is_some());
}

#[test]
fn packets_without_cursor_hold_no_state() {
    let mut paths = Paths::new(POLICY);
    for n in 0..100 {
        let dispatch = paths.begin(peer(n), &packet("a", None)).unwrap();
        assert_eq!(paths.sent(at(0), dispatch).route, TransportRoute::Direct);
        assert_eq!(paths.retry(at(0), peer(n)), None);
    }
    assert!(paths.is_empty());
}

#[test]
fn peers_are_bounded_and_generations_rise() {
    let mut paths = Paths::with_limit(POLICY, 2);
    let (p2p, relay) = (TransportMode::P2p, TransportMode::Relay);
    for mode in [p2p, relay, p2p] {
        paths
            .switch(at(0), peer(1), mode, ModeSwitchReason::Requested)
            .unwrap();
    }
    paths
        .switch(at(0), peer(2), p2p, ModeSwitchReason::Requested)
        .unwrap();
    // Peer 1 is used, without a cursor, so that peer 2 is the one to go.
    let dispatch = paths.begin(peer(1), &packet("a", None)).unwrap();
    paths.cancel(dispatch);
    paths
        .switch(at(0), peer(3), p2p, ModeSwitchReason::Requested)
        .unwrap();
    assert_eq!(paths.len(), 2);
    assert_eq!(
        [1, 2, 3].map(|n| paths.mode(peer(n))),
        [p2p, TransportMode::Direct, p2p]
    );

    for n in [2, 3, 1, 2] {
        let switch = paths.switch(at(0), peer(n), relay, ModeSwitchReason::Requested);
        assert!(switch.is_some());
    }
    paths.forget(peer(1));
    let switch = paths
        .switch(at(0), peer(1), p2p, ModeSwitchReason::Requested)
        .unwrap();
    assert!(switch.generation > 3, "{switch:?}");
}

#[test]
fn channels_of_a_peer_are_bounded() {
    let mut paths = Paths::default();
    let name = |n: usize| String::from("channel-") + &"x".repeat(n);
    for n in 0..=PATH_CHANNELS {
        let dispatch = paths.begin(peer(1), &packet(&name(n), Some(1))).unwrap();
        paths.sent(at(0), dispatch);
    }
    assert!(
        paths
            .begin(peer(1), &packet(&name(PATH_CHANNELS), Some(1)))
            .is_none()
    );
    assert!(
        paths.begin(peer(1), &packet(&name(0), Some(1))).is_some(),
        "it is forgotten"
    );
}

#[test]
fn default_holds_the_stated_number_of_peers() {
    let mut paths = Paths::default();
    for n in 0..=PATHS as u128 {
        let dispatch = paths.begin(peer(n), &packet("a", Some(1))).unwrap();
        paths.sent(at(0), dispatch);
    }
    assert_eq!(paths.len(), PATHS);
}
