//! Tests of `TransportManager`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use push_wire_server::{
    FailoverPolicy, ModeSwitchReason, TransportError, TransportManager, TransportMode,
    TransportPacket, TransportRoute, Uuid,
};
use serde_json::json;

use super::dispatcher::{Recorder, without_p2p};

const PEER: Uuid = Uuid::from_u128(1);
const THREADS: u64 = 8;

fn packet(cursor: u64) -> TransportPacket {
    TransportPacket::new("game", json!({"n": cursor})).with_cursor(cursor)
}

/// A manager whose peer is reached from peer to peer.
fn p2p(failure_threshold: u32, retry_backoff: Duration) -> TransportManager {
    let manager = TransportManager::with_policy(FailoverPolicy {
        failure_threshold,
        retry_backoff,
    });
    let switch = manager.switch_mode(PEER, TransportMode::P2p, ModeSwitchReason::Requested);
    assert!(switch.is_some());
    manager
}

#[test]
fn routes_by_mode() {
    let manager = TransportManager::new();
    let recorder = Recorder::new(|_| Ok(()));
    let modes = [
        (TransportMode::Direct, TransportRoute::Direct),
        (TransportMode::Relay, TransportRoute::Relay),
        (TransportMode::P2p, TransportRoute::P2p),
    ];
    for (cursor, (mode, route)) in (1..).zip(modes) {
        manager.switch_mode(PEER, mode, ModeSwitchReason::Requested);
        let outcome = manager.route(PEER, packet(cursor), &recorder).unwrap();
        assert_eq!((outcome.route, outcome.active_mode), (route, mode));
    }
    let sent = modes.map(|(_, route)| route);
    assert_eq!(recorder.routes(), sent);
}

#[test]
fn returns_after_backoff() {
    let manager = p2p(1, Duration::ZERO);
    let recorder = Recorder::new(without_p2p);
    for cursor in 1..=3 {
        let outcome = manager.route(PEER, packet(cursor), &recorder).unwrap();
        assert_eq!(outcome.active_mode, TransportMode::Relay);
        let back = manager.maybe_retry_p2p(PEER).unwrap();
        assert_eq!(back.generation, outcome.switch.unwrap().generation + 1);
        assert_eq!(back.mode, TransportMode::P2p);
    }
    let later = p2p(1, Duration::MAX);
    later.route(PEER, packet(1), &recorder).unwrap();
    assert_eq!(later.maybe_retry_p2p(PEER), None);
}

#[test]
fn signal_is_not_lost_when_relay_fails() {
    let manager = p2p(2, Duration::MAX);
    let is_away = AtomicBool::new(true);
    let recorder = Recorder::new(|route| {
        if route == TransportRoute::Relay && is_away.load(Ordering::Relaxed) {
            return Err(TransportError::PathUnavailable("relay away"));
        }
        without_p2p(route)
    });
    for _ in 0..3 {
        let error = manager.route(PEER, packet(7), &recorder).unwrap_err();
        assert_eq!(error, TransportError::PathUnavailable("relay away"));
        assert_eq!(manager.mode_for(PEER), TransportMode::P2p);
    }
    is_away.store(false, Ordering::Relaxed);
    let outcome = manager.route(PEER, packet(7), &recorder).unwrap();
    assert!(
        outcome.delivered,
        "a packet that was not sent is no duplicate"
    );
    assert_eq!(outcome.switch.unwrap().mode, TransportMode::Relay);
}

#[test]
fn other_errors_go_to_the_caller() {
    let manager = p2p(1, Duration::MAX);
    for error in [
        TransportError::DispatchFailed("too large"),
        TransportError::RateLimited("later"),
    ] {
        let recorder = Recorder::new(move |_| Err(error));
        assert_eq!(
            manager.route(PEER, packet(1), &recorder).unwrap_err(),
            error
        );
        assert_eq!(manager.mode_for(PEER), TransportMode::P2p);
    }
    let recorder = Recorder::new(|_| Ok(()));
    assert!(manager.route(PEER, packet(1), &recorder).unwrap().delivered);
}

#[test]
fn one_of_many_threads_sends_a_cursor() {
    const CURSORS: u64 = 200;
    let manager = p2p(3, Duration::MAX);
    let start = Barrier::new(usize::try_from(THREADS).unwrap());
    let recorder = Recorder::new(|_| {
        // The others look for the cursor meanwhile.
        thread::yield_now();
        Ok(())
    });
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for cursor in 0..CURSORS {
                    start.wait();
                    manager.route(PEER, packet(cursor), &recorder).unwrap();
                }
            });
        }
    });
    let cursors: Vec<_> = recorder
        .sent()
        .into_iter()
        .map(|(_, _, cursor)| cursor)
        .collect();
    assert_eq!(cursors, (0..CURSORS).map(Some).collect::<Vec<_>>());
}

#[test]
fn one_of_many_threads_changes_the_mode() {
    let manager = p2p(3, Duration::MAX);
    let recorder = Recorder::new(without_p2p);
    let start = Barrier::new(usize::try_from(THREADS).unwrap());
    let switches: usize = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    let packet = TransportPacket::new("game", json!(null));
                    let outcome = manager.route(PEER, packet, &recorder).unwrap();
                    usize::from(outcome.switch.is_some())
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!(switches, 1);
    assert_eq!(recorder.routes(), [TransportRoute::Relay; 8]);
}

#[test]
fn dispatcher_may_call_back() {
    let manager = p2p(1, Duration::ZERO);
    let inner = Recorder::new(|_| Ok(()));
    let outer = Recorder::new(|route| {
        if route == TransportRoute::P2p {
            assert_eq!(manager.mode_for(PEER), TransportMode::P2p);
            assert!(!manager.route(PEER, packet(1), &inner).unwrap().delivered);
            assert!(manager.route(PEER, packet(2), &inner).unwrap().delivered);
            manager.maybe_retry_p2p(PEER);
            manager.switch_mode(PEER, TransportMode::Direct, ModeSwitchReason::Requested);
        } else {
            manager.forget(PEER);
        }
        without_p2p(route)
    });
    let outcome = manager.route(PEER, packet(1), &outer).unwrap();
    assert_eq!(
        (outcome.route, outcome.switch),
        (TransportRoute::Relay, None)
    );
    assert_eq!(
        manager.mode_for(PEER),
        TransportMode::Direct,
        "it was forgotten"
    );
    assert_eq!(inner.routes(), [TransportRoute::P2p]);
}

#[test]
fn panic_of_dispatcher_releases_the_cursor() {
    let manager = p2p(1, Duration::MAX);
    let panicking = Recorder::new(|_| panic!("the dispatcher fails"));
    let route = || manager.route(PEER, packet(1), &panicking);
    assert!(catch_unwind(AssertUnwindSafe(route)).is_err());
    let recorder = Recorder::new(|_| Ok(()));
    assert!(manager.route(PEER, packet(1), &recorder).unwrap().delivered);
}

#[test]
fn generation_rises_over_a_return() {
    let manager = TransportManager::new();
    let mut last = 0;
    for _ in 0..3 {
        for mode in [TransportMode::P2p, TransportMode::Relay] {
            let switch = manager
                .switch_mode(PEER, mode, ModeSwitchReason::Requested)
                .unwrap();
            assert!(switch.generation > last, "{switch:?} after {last}");
            last = switch.generation;
        }
        manager.forget(PEER);
        assert_eq!(manager.mode_for(PEER), TransportMode::Direct);
    }
}
