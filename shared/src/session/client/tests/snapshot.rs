//! Tests of snapshots, the kept state of a client.

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;
use uuid::Uuid;

use super::peer::*;
use crate::limits::{SNAPSHOT_BYTES, SUBSCRIPTIONS};
use crate::position::{Epoch, Position, Tag};
use crate::session::client::{
    ClientConfig, ClientSession, KeptPosition, Snapshot, SnapshotError, Subscription,
};
use crate::session::op::ScopeRequest;

fn any_snapshot() -> impl Strategy<Value = Snapshot> {
    let name = "[a-zäö0-9]{1,60}";
    let scope = prop_oneof![
        Just(ScopeRequest::Channel),
        name.prop_map(ScopeRequest::Topic),
        Just(ScopeRequest::Inbox),
    ];
    let position = (name, scope, any::<u64>(), any::<u64>(), any::<u32>()).prop_map(
        |(channel, scope, epoch, cursor, tag)| KeptPosition {
            channel,
            scope,
            position: Position {
                epoch: Epoch(epoch),
                cursor,
                tag: Tag(tag),
            },
        },
    );
    let positions = proptest::collection::vec(position, 0..20);
    let parts = (
        any::<u128>(),
        any::<Option<[u8; 16]>>(),
        any::<Option<u64>>(),
        positions,
    );
    parts.prop_map(|(id, secret, attempts, positions)| Snapshot {
        client_id: Uuid::from_u128(id),
        secret,
        attempts,
        positions,
    })
}

proptest! {
    #[test]
    fn round_trip(snapshot in any_snapshot()) {
        prop_assert_eq!(Snapshot::decode(&snapshot.encode()), Ok(snapshot));
    }

    #[test]
    fn damage_is_found(snapshot in any_snapshot(), at in any::<prop::sample::Index>(), bit in 0..8u8) {
        let mut bytes = snapshot.encode();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(Snapshot::decode(&bytes).is_err());
        bytes[at] ^= 1 << bit;
        prop_assert!(Snapshot::decode(&bytes[..at]).is_err());
    }

    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Snapshot::decode(&bytes).is_err());
    }
}

#[test]
fn errors_say_what_is_wrong() {
    let bytes = taken();
    assert_eq!(Snapshot::decode(b"{}"), Err(SnapshotError::Foreign));
    let mut later = bytes.clone();
    later[2] = 9;
    assert_eq!(Snapshot::decode(&later), Err(SnapshotError::Version(9)));
    let cut = &bytes[..bytes.len() - 1];
    assert_eq!(Snapshot::decode(cut), Err(SnapshotError::Damaged));
    let huge = vec![0; SNAPSHOT_BYTES + 1];
    assert_eq!(
        Snapshot::decode(&huge),
        Err(SnapshotError::TooLarge(huge.len()))
    );
}

/// The snapshot of a session that has handled two of three entries of `chat`, and a value of `doc`.
fn taken() -> Vec<u8> {
    let mut config = config();
    config.attempts = Some(4);
    let mut harness = Harness::new(config);
    let chat = harness.subscribe(whole_channel("chat"));
    let doc = harness.subscribe(whole_channel("doc"));
    let auth = harness.open();
    harness.auth_ok(false, 0);
    harness.control(&[
        resumed(auth.subscriptions[0].id, 3, at(0), 0),
        resumed(auth.subscriptions[1].id, 4, at(0), 0),
    ]);
    (1..=3).for_each(|n| harness.entry(3, n, "x"));
    harness.value(4, 1, "v");
    harness.session.handled(harness.now, chat, at(2));
    harness.session.handled(harness.now, doc, at(1));
    harness.session.snapshot()
}

#[test]
fn resumes_after_handled_position() {
    let snapshot = Snapshot::decode(&taken()).unwrap();
    assert_eq!(
        (snapshot.client_id, snapshot.secret),
        (CLIENT, Some(SECRET))
    );
    assert_eq!(snapshot.attempts, Some(5));
    // A state's position is good only with its value.
    let kept = KeptPosition {
        channel: "chat".into(),
        scope: ScopeRequest::Channel,
        position: at(2),
    };
    assert_eq!(snapshot.positions, [kept]);

    let mut harness = Harness::new(ClientConfig::continuing(&snapshot, 1));
    harness.session.restore_positions(snapshot);
    let unread = harness.session.snapshot();
    assert_eq!(Snapshot::decode(&unread).unwrap().positions.len(), 1);
    let id = harness.subscribe(whole_channel("chat"));
    let auth = harness.open();
    assert_eq!((auth.secret, auth.attempt), (Some(SECRET), Some(6)));
    assert_eq!(auth.subscriptions[0].position, Some(at(2)));
    harness.session.unsubscribe(harness.now, id);
    let forgotten = Snapshot::decode(&harness.session.snapshot()).unwrap();
    assert_eq!(forgotten.positions, []);
}

#[test]
fn attempts_of_another_page_are_counted() {
    let mut config = ClientConfig::new(CLIENT, 1);
    config.attempts = Some(4);
    let mut session = ClientSession::new(config);
    session.connect(crate::time::Moment::default());
    assert_eq!(session.attempts(), Some(5));
    session.continue_after(with_attempts(CLIENT, 3));
    assert_eq!(
        session.attempts(),
        Some(5),
        "own attempts are not forgotten"
    );
    session.continue_after(with_attempts(Uuid::from_u128(8), 9));
    assert_eq!(session.attempts(), Some(5), "attempts of another client");
    session.continue_after(with_attempts(CLIENT, 9));
    assert_eq!(session.attempts(), Some(9));

    let mut session = ClientSession::new(ClientConfig::new(CLIENT, 1));
    session.continue_after(with_attempts(CLIENT, 9));
    assert_eq!(session.attempts(), None, "attempts are not counted");
}

fn with_attempts(client_id: Uuid, attempts: u64) -> Snapshot {
    Snapshot {
        client_id,
        secret: None,
        attempts: Some(attempts),
        positions: vec![],
    }
}

#[test]
fn positions_of_another_page_are_kept() {
    let kept = |channel: &str, cursor| KeptPosition {
        channel: channel.into(),
        scope: ScopeRequest::Channel,
        position: at(cursor),
    };
    let (mut harness, id, _) = Harness::reading("chat", 3, at(0));
    harness.entry(3, 1, "one");
    harness.session.handled(harness.now, id, at(1));
    harness.session.continue_after(Snapshot {
        positions: vec![kept("news", 7), kept("chat", 5)],
        ..with_attempts(CLIENT, 0)
    });
    let snapshot = Snapshot::decode(&harness.session.snapshot()).unwrap();
    assert_eq!(snapshot.positions, [kept("news", 7), kept("chat", 1)]);
}

#[test]
fn adopts_what_was_read_late() {
    let snapshot = Snapshot::decode(&taken()).unwrap();
    let mut config = ClientConfig::new(Uuid::from_u128(8), 1);
    config.attempts = Some(2);
    let mut harness = Harness::new(config);
    harness.subscribe(whole_channel("chat"));
    harness.session.adopt(snapshot);
    assert_eq!(harness.session.client_id(), CLIENT);
    let auth = harness.open();
    assert_eq!((auth.secret, auth.attempt), (Some(SECRET), Some(6)));
    assert_eq!(auth.subscriptions[0].position, Some(at(2)));
}

#[test]
fn positions_of_several_clients_are_merged() {
    let other_epoch = |cursor| Position {
        epoch: Epoch(9),
        ..at(cursor)
    };
    let kept = |channel: &str, scope, position| KeptPosition {
        channel: channel.into(),
        scope,
        position,
    };
    let channel = |name, position| kept(name, ScopeRequest::Channel, position);
    let inbox = |cursor| kept("mail", ScopeRequest::Inbox, at(cursor));
    let latest = Snapshot {
        positions: vec![channel("chat", at(3)), channel("news", other_epoch(1))],
        ..with_attempts(CLIENT, 9)
    };
    let older = Snapshot {
        positions: vec![channel("chat", at(5)), channel("news", at(8)), inbox(2)],
        ..with_attempts(Uuid::from_u128(8), 4)
    };
    let merged =
        |client_id| Snapshot::merged_positions(vec![latest.clone(), older.clone()], client_id);
    let common = [channel("chat", at(5)), channel("news", other_epoch(1))];
    assert_eq!(merged(CLIENT), common);
    assert_eq!(merged(older.client_id)[0], inbox(2));
    assert_eq!(merged(older.client_id)[1..], common);
}

#[test]
fn subscription_may_stay_out() {
    let snapshot = Snapshot::decode(&taken()).unwrap();
    let mut harness = Harness::new(config());
    harness.session.restore_positions(snapshot);
    harness.subscribe(Subscription {
        keeps_position: false,
        ..whole_channel("chat")
    });
    assert_eq!(harness.open().subscriptions[0].position, None);
    let kept = Snapshot::decode(&harness.session.snapshot()).unwrap();
    assert_eq!(kept.positions.len(), 1);
}

#[test]
fn positions_are_bounded() {
    let kept = |n: usize| KeptPosition {
        channel: "chat".into(),
        scope: ScopeRequest::Topic(format!("topic {n}")),
        position: at(1),
    };
    let positions: Vec<_> = (0..SUBSCRIPTIONS + 3).map(kept).collect();
    let snapshot = Snapshot {
        client_id: CLIENT,
        secret: None,
        attempts: None,
        positions: positions.clone(),
    };
    let decoded = Snapshot::decode(&snapshot.encode()).unwrap();
    assert_eq!(decoded.positions, positions[3..]);
}
