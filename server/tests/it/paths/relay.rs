//! Tests of `RelayController`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use push_wire_server::{
    RelayBandwidth, RelayController, TransportError, TransportPacket, TransportRoute, Uuid,
};
use serde_json::json;

use super::dispatcher::Recorder;

const FROM: Uuid = Uuid::from_u128(1);
const TO: Uuid = Uuid::from_u128(2);
const EXCEEDED: TransportError = TransportError::RateLimited("relay bandwidth exceeded");

/// A packet of 10 bytes.
fn packet() -> TransportPacket {
    TransportPacket::new("game", json!(123_456))
}

/// A budget that is used up after this many bytes.
const fn once(burst_bytes: u64) -> RelayBandwidth {
    RelayBandwidth {
        bytes_per_second: 0,
        burst_bytes,
    }
}

#[test]
fn budget_is_shared_by_threads() {
    let controller = RelayController::new(once(1_000));
    let recorder = Recorder::new(|_| {
        thread::yield_now();
        Ok(())
    });
    let bytes = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    match controller.relay(FROM, TO, packet(), &recorder) {
                        Ok(outcome) => bytes.fetch_add(outcome.bytes, Ordering::Relaxed),
                        Err(error) => {
                            assert_eq!(error, EXCEEDED);
                            0
                        }
                    };
                }
            });
        }
    });
    assert_eq!(
        recorder.sent(),
        vec![(TransportRoute::Relay, TO, None); 100]
    );
    assert_eq!(bytes.load(Ordering::Relaxed), 1_000);
    assert_eq!(controller.total_bytes(FROM), 1_000);
    assert_eq!(controller.total_bytes(TO), 0);
}

#[test]
fn failed_dispatch_gives_bytes_back() {
    let controller = RelayController::new(once(10));
    let away = Recorder::new(|_| Err(TransportError::PathUnavailable("receiver away")));
    let panicking = Recorder::new(|_| panic!("the dispatcher fails"));
    for _ in 0..3 {
        let error = controller.relay(FROM, TO, packet(), &away).unwrap_err();
        assert_eq!(error, TransportError::PathUnavailable("receiver away"));
        let relay = || controller.relay(FROM, TO, packet(), &panicking);
        assert!(catch_unwind(AssertUnwindSafe(relay)).is_err());
    }
    assert_eq!(controller.total_bytes(FROM), 0);
    let recorder = Recorder::new(|_| Ok(()));
    assert_eq!(
        controller
            .relay(FROM, TO, packet(), &recorder)
            .unwrap()
            .bytes,
        10
    );
    let error = controller.relay(FROM, TO, packet(), &recorder).unwrap_err();
    assert_eq!(error, EXCEEDED);
}

#[test]
fn packet_above_burst_is_refused_at_once() {
    let controller = RelayController::new(RelayBandwidth {
        bytes_per_second: u64::MAX,
        burst_bytes: 9,
    });
    let recorder = Recorder::new(|_| Ok(()));
    let error = controller.relay(FROM, TO, packet(), &recorder).unwrap_err();
    assert_eq!(error, EXCEEDED);
    assert!(recorder.sent().is_empty());
}

#[test]
fn dispatcher_may_call_back() {
    let controller = RelayController::new(RelayBandwidth::unbounded());
    let inner = Recorder::new(|_| Ok(()));
    let outer = Recorder::new(|_| {
        let answer = controller.relay(FROM, TO, packet(), &inner).unwrap();
        assert_eq!(controller.total_bytes(FROM), answer.bytes);
        Ok(())
    });
    controller.relay(FROM, TO, packet(), &outer).unwrap();
    assert_eq!(controller.total_bytes(FROM), 20);
    controller.forget(FROM);
    assert_eq!(controller.total_bytes(FROM), 0);
}
