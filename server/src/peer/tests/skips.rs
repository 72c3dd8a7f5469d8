//! Tests of channels that drop entries for slow readers, in both dialects.

use push_wire_shared::position::{Position, ResetReason};
use push_wire_shared::session::op::Skipped;
use serde_json::json as value;

use super::json::{JsonClient, cursors};
use super::*;
use crate::policy::{MaxLag, SlowReaders};

/// A hub whose chat drops entries for readers more than 10 behind.
fn dropping() -> Arc<Hub> {
    let mut config = config();
    let max = MaxLag {
        entries: 10,
        ..MaxLag::default()
    };
    let policy = ChannelPolicy::log().slow_readers(SlowReaders::Drop(max));
    config.set_policy(CHAT, policy);
    hub_of(config)
}

/// The position of an entry that is published now.
fn publish_at(hub: &Hub, text: &str) -> Position {
    hub.publish(at(0), &broadcast(CHAT), json(text)).unwrap()
}

fn publish_numbers(hub: &Hub, numbers: std::ops::RangeInclusive<u32>) {
    for number in numbers {
        publish(hub, CHAT, &number.to_string());
    }
}

/// A client that reads the chat from its beginning.
fn reading(hub: &Arc<Hub>, skips: bool) -> WireClient {
    let mut client = WireClient::connect(hub);
    client.op(&ClientOp::Auth(Auth {
        skips,
        subscriptions: vec![subscribe(5, "chat")],
        ..Auth::new(client_id())
    }));
    client
}

#[test]
fn a_reader_within_the_limit_is_sent_all() {
    let hub = dropping();
    let mut client = reading(&hub, true);
    publish_numbers(&hub, 1..=10);
    assert_eq!(bodies(&client.see()).len(), 10);
    publish_numbers(&hub, 11..=20);
    assert_eq!(bodies(&client.see()).len(), 10);
    assert_eq!(hub.stats().skipped, 0);
}

#[test]
fn a_reader_beyond_the_limit_is_told_how_many_it_missed() {
    let hub = dropping();
    let mut client = reading(&hub, true);
    publish_numbers(&hub, 1..=3);
    assert_eq!(bodies(&client.see()), ["1", "2", "3"]);
    publish_numbers(&hub, 4..=24);
    let position = publish_at(&hub, "25");
    publish_numbers(&hub, 26..=30);
    let seen = client.see();
    let skipped = ServerOp::Skipped(Skipped::new(5, 22, position));
    assert_eq!(seen[0], Seen::Op(skipped));
    assert_eq!(bodies(&seen), ["26", "27", "28", "29", "30"]);
    assert_eq!(hub.stats().skipped, 22);
}

#[test]
fn a_client_without_skipped_is_sent_a_reset() {
    let hub = dropping();
    let mut client = reading(&hub, false);
    publish_numbers(&hub, 1..=30);
    let seen = client.see();
    let Seen::Op(ServerOp::Reset {
        id: 5,
        reason: ResetReason::Expired,
        reading: Some((_, position)),
        head: 30,
        ..
    }) = seen[0]
    else {
        panic!("not a reset: {seen:?}");
    };
    assert_eq!(position.cursor, 25);
    assert_eq!(bodies(&seen), ["26", "27", "28", "29", "30"]);
}

#[test]
fn a_reader_that_comes_back_skips_as_well() {
    let hub = dropping();
    let mut client = reading(&hub, true);
    publish_numbers(&hub, 1..=2);
    let position = publish_at(&hub, "3");
    client.see();
    client.peer.disconnected(at(0));
    publish_numbers(&hub, 4..=30);
    let mut again = WireClient::connect(&hub);
    let seen = again.op(&ClientOp::Auth(Auth {
        skips: true,
        subscriptions: vec![Subscribe {
            position: Some(position),
            ..subscribe(6, "chat")
        }],
        ..Auth::new(Uuid::from_u128(8))
    }));
    assert!(
        matches!(
            seen[1..],
            [
                Seen::Op(ServerOp::Resumed { caught_up: 27, .. }),
                Seen::Op(ServerOp::Skipped(Skipped { count: 22, .. })),
                ..
            ]
        ),
        "{seen:?}"
    );
    assert_eq!(bodies(&seen).len(), 5);
}

#[test]
fn the_json_dialect_names_number_and_count() {
    let hub = dropping();
    let mut client = JsonClient::connect(&hub);
    client.auth(value!({}));
    publish_numbers(&hub, 1..=2);
    assert_eq!(cursors(&client.see()), [1, 2]);
    publish_numbers(&hub, 3..=30);
    let seen = client.see();
    let skipped = value!({
        "op": "resume_required", "channel": "chat", "from_cursor": 25, "skipped": 23
    });
    assert_eq!(seen[0], skipped);
    assert_eq!(cursors(&seen[1..]), [26, 27, 28, 29, 30]);
    // A number from before the gap cannot be resumed from.
    let mut again = JsonClient::connect(&hub);
    let seen = again.auth(value!({"resume_cursors": {"chat": 2}}));
    let required = value!({"op": "resume_required", "channel": "chat", "from_cursor": 25});
    assert!(seen.contains(&required), "{seen:?}");
}
