//! Tests of connections that take the bytes of a message slowly, or not at all.

use serde_json::json as value;

use super::json::JsonClient;
use super::*;

const HEARTBEAT_LOST: u16 = 4000;
const STALLED: u16 = 4001;

/// A peer of each dialect that has given a message to its transport at second 0.
fn writing() -> [Peer; 3] {
    let hub = hub();
    let mut socket = JsonClient::connect(&hub);
    socket.auth(value!({"client_id": Uuid::from_u128(1)}));
    let mut events = JsonClient::open_events(&hub, None);
    events.auth(value!({"client_id": Uuid::from_u128(2)}));
    let mut wire = WireClient::connect(&hub);
    wire.auth(None, vec![subscribe(1, "chat")]);
    publish(&hub, CHAT, &format!("\"{}\"", "x".repeat(1 << 20)));
    [socket.peer, events.peer, wire.peer].map(|mut peer| {
        peer.handle_wake(at(0));
        assert!(!take_messages(&mut peer, 0).is_empty());
        peer
    })
}

fn take_messages(peer: &mut Peer, second: u64) -> Vec<carrier::Message> {
    let mut messages = Vec::new();
    peer.poll_write(at(second), &mut messages);
    messages
}

/// Lets the seconds pass. Returns the first one at which the peer closes, and the code.
fn wait(
    peer: &mut Peer,
    seconds: std::ops::RangeInclusive<u64>,
    mut each: impl FnMut(&mut Peer, u64),
) -> Option<(u64, u16)> {
    for second in seconds {
        each(peer, second);
        if peer.poll_timeout().is_some_and(|due| due <= at(second)) {
            peer.handle_timeout(at(second));
        }
        if let Some(Action::Close { code, .. }) = peer.poll_action(at(second)) {
            return Some((second, code));
        }
    }
    None
}

#[test]
fn slow_message_is_written_to_its_end() {
    for mut peer in writing() {
        let closed = wait(&mut peer, 1..=300, |peer, second| {
            if second % 10 == 0 {
                peer.wrote(at(second), false);
            }
        });
        assert_eq!(closed, None);
        assert!(peer.usage().pending_ops <= 1, "pings do not pile up");
        peer.wrote(at(301), true);
        assert!(!take_messages(&mut peer, 301).is_empty());
    }
}

#[test]
fn message_that_is_not_taken_stalls() {
    for mut peer in writing() {
        assert_eq!(wait(&mut peer, 1..=60, |_, _| {}), Some((30, STALLED)));
    }
}

#[test]
fn silence_counts_from_the_ping() {
    let [mut socket, _, mut wire] = writing();
    for peer in [&mut socket, &mut wire] {
        assert_eq!(wait(peer, 1..=24, |_, _| {}), None);
        peer.wrote(at(25), true);
        let closed = wait(peer, 25..=60, |peer, second| {
            if !take_messages(peer, second).is_empty() {
                peer.wrote(at(second), true);
            }
        });
        assert_eq!(closed, Some((50, HEARTBEAT_LOST)));
    }
}
