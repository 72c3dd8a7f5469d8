//! Tests of rooms, rates and messages of a signalling channel.

mod signal;

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;
use std::{format, vec};

use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::limits::{
    RTC_BATCH, RTC_CANDIDATE_BYTES, RTC_MESSAGE_BYTES, RTC_META_BYTES, RTC_SDP_BYTES,
    RTC_STATUS_BYTES,
};
use crate::relay::RelayBandwidth;
use crate::rtc::{RtcMessage, RtcRequest};
use crate::time::Moment;

const A: Uuid = Uuid::from_u128(1);
const B: Uuid = Uuid::from_u128(2);
const C: Uuid = Uuid::from_u128(3);

fn at(ms: u64) -> Moment {
    Moment::after_origin(Duration::from_millis(ms))
}

fn read(value: &Value) -> Result<Signal, SignalError> {
    Signal::read(&serde_json::to_vec(value).unwrap())
}

fn discovery(room: Option<&str>) -> Signal {
    let room = room.map(String::from);
    Signal::Message(RtcMessage::PeerDiscovery { room })
}

fn leave_room(room: Option<&str>) -> Signal {
    let room = room.map(String::from);
    Signal::Request(RtcRequest::LeaveRoom { room })
}

fn offer(from: Uuid, to: Uuid) -> RtcMessage {
    let sdp = "v=0".into();
    let meta = Value::Null;
    RtcMessage::Offer {
        from,
        to,
        sdp,
        meta,
    }
}

fn batch(to: Uuid, candidates: &[&str]) -> RtcMessage {
    RtcMessage::CandidateBatch {
        from: A,
        to,
        candidates: candidates.iter().copied().map(String::from).collect(),
    }
}

/// Channel of one test.
struct Channel(Signalling);

impl Channel {
    fn new() -> Self {
        Self::with(SignallingConfig::default())
    }

    fn with(config: SignallingConfig) -> Self {
        Self(Signalling::new(config))
    }

    /// A channel in which these clients are in `room`.
    fn with_room(clients: &[Uuid]) -> Self {
        let mut channel = Self::new();
        for &client in clients {
            channel.enter(client, "room").unwrap();
        }
        channel.0.handle_timeout(at(1_000));
        channel.outputs();
        channel
    }

    fn handle(&mut self, sender: Sender<'_>, signal: Signal) -> Result<(), SignalError> {
        self.0.handle(at(0), sender, signal, |_| true)
    }

    fn enter(&mut self, client: Uuid, room: &str) -> Result<(), SignalError> {
        self.handle(Sender::new(client), discovery(Some(room)))
    }

    fn send(&mut self, from: Uuid, message: RtcMessage) -> Result<(), SignalError> {
        self.handle(Sender::new(from), Signal::Message(message))
    }

    fn outputs(&mut self) -> Vec<(Uuid, RtcMessage)> {
        let outputs = core::iter::from_fn(|| self.0.poll_output());
        let sent = outputs.map(|output| match output {
            Output::Send { to, message } => (to, message),
            Output::TurnRequested(client) => panic!("credentials for {client}"),
        });
        sent.collect()
    }
}

fn list(to: Uuid, peers: &[Uuid]) -> (Uuid, RtcMessage) {
    let peers = peers.to_vec();
    (to, RtcMessage::PeerList { peers })
}

#[test]
fn members_are_told_of_joins_and_leaves() {
    let mut channel = Channel::new();
    for client in [A, B, C] {
        channel.enter(client, "room").unwrap();
    }
    assert_eq!(
        channel.outputs(),
        [list(A, &[]), list(B, &[A]), list(C, &[A, B])]
    );
    assert_eq!(channel.0.poll_timeout(), Some(at(100)));
    channel.0.handle_timeout(at(99));
    assert!(channel.outputs().is_empty(), "collected");
    channel.0.handle_timeout(at(100));
    let lists = [list(A, &[B, C]), list(B, &[A, C]), list(C, &[A, B])];
    assert_eq!(channel.outputs(), lists);
    assert_eq!(channel.0.poll_timeout(), None);

    channel.0.leave(at(200), B);
    channel.0.handle_timeout(at(300));
    assert_eq!(channel.outputs(), [list(A, &[C]), list(C, &[A])]);
}

#[test]
fn room_ends_with_its_last_member() {
    let mut channel = Channel::with_room(&[A]);
    channel.enter(A, "room").unwrap();
    assert_eq!(channel.0.poll_timeout(), None, "it was there already");
    channel.enter(B, "other").unwrap();
    channel.0.leave(at(0), A);
    channel.0.leave(at(0), B);
    assert_eq!(channel.0.rooms(), 0);
    channel.outputs();
    channel.0.handle_timeout(at(1_000));
    assert!(channel.outputs().is_empty());
}

#[test]
fn list_has_peers_of_all_rooms() {
    let mut channel = Channel::with_room(&[A, B]);
    channel.enter(C, "other").unwrap();
    channel.enter(A, "other").unwrap();
    channel.outputs();
    channel.handle(Sender::new(A), discovery(None)).unwrap();
    assert_eq!(channel.outputs(), [list(A, &[B, C])]);
    channel
        .handle(Sender::new(A), leave_room(Some("room")))
        .unwrap();
    assert_eq!(channel.outputs(), [list(A, &[C])]);
    channel.handle(Sender::new(A), leave_room(None)).unwrap();
    assert_eq!(channel.outputs(), [list(A, &[])]);
}

#[test]
fn only_peers_of_a_room_exchange_messages() {
    let mut channel = Channel::with_room(&[A, B]);
    channel.enter(C, "other").unwrap();
    channel.outputs();
    for to in [C, A, Uuid::from_u128(9)] {
        let refused = channel.send(A, offer(A, to));
        assert_eq!(refused, Err(SignalError::PeerNotPermitted), "{to}");
    }
    channel.send(A, offer(A, B)).unwrap();
    assert_eq!(channel.outputs(), [(B, offer(A, B))]);

    let allowed = Sender::new(A).allowed(true);
    channel
        .handle(allowed, Signal::Message(offer(A, C)))
        .unwrap();
    assert_eq!(channel.outputs(), [(C, offer(A, C))]);
    let own = channel.handle(allowed, Signal::Message(offer(A, A)));
    assert_eq!(own, Err(SignalError::PeerNotPermitted));

    channel.0.leave(at(0), B);
    assert!(channel.send(A, offer(A, B)).is_err(), "B has left");
}

#[test]
fn sender_is_stated_by_the_server() {
    let mut channel = Channel::with_room(&[A, B, C]);
    channel.send(A, offer(C, B)).unwrap();
    let status = |from| RtcMessage::Status {
        from,
        to: B,
        status: "connected".into(),
    };
    channel.send(A, status(C)).unwrap();
    assert_eq!(channel.outputs(), [(B, offer(A, B)), (B, status(A))]);
}

#[test]
fn rights_to_rooms_are_checked() {
    let mut channel = Channel::with_room(&[A, B]);
    let sender = Sender::new(A);
    let refused = channel
        .0
        .handle(at(0), sender, discovery(Some("other")), |room| {
            room == "room"
        });
    assert_eq!(refused, Err(SignalError::RoomNotPermitted));
    let message = Signal::Message(offer(A, B));
    let refused = channel.0.handle(at(0), sender, message, |_| false);
    assert_eq!(refused, Err(SignalError::PeerNotPermitted));
    channel.0.restrict(at(0), A, None, |_| false);
    assert_eq!(channel.outputs(), [list(A, &[])], "A is told at once");
    channel.0.handle_timeout(at(1_000));
    assert_eq!(channel.outputs(), [list(B, &[])], "A was removed");
    channel.0.restrict(at(0), B, None, |room| room == "room");
    assert!(channel.outputs().is_empty(), "B stays");
}

#[test]
fn client_leaves_when_its_grant_ends() {
    let mut channel = Channel::with_room(&[A, B]);
    let ends = |ms| Sender::new(C).until(Some(at(ms)));
    channel
        .handle(ends(9_000), discovery(Some("room")))
        .unwrap();
    channel.0.restrict(at(0), A, Some(at(5_000)), |_| true);
    channel.0.restrict(at(0), B, Some(at(3_000)), |_| true);
    channel.0.restrict(at(0), B, Some(at(7_000)), |_| true);
    channel.0.handle_timeout(at(1_000));
    channel.outputs();
    for (client, ms, rest) in [(A, 5_000, &[B, C][..]), (B, 7_000, &[C]), (C, 9_000, &[])] {
        assert_eq!(channel.0.poll_timeout(), Some(at(ms)));
        channel.0.handle_timeout(at(ms - 1));
        assert!(channel.outputs().is_empty(), "{ms}");
        channel.0.handle_timeout(at(ms));
        assert_eq!(channel.outputs(), [list(client, &[])]);
        for to in rest {
            let refused = channel.send(client, offer(client, *to));
            assert_eq!(refused, Err(SignalError::PeerNotPermitted));
        }
        channel.0.handle_timeout(at(ms + 100));
        assert_eq!(channel.outputs().len(), rest.len());
    }
    assert_eq!(channel.0.poll_timeout(), None);
    assert_eq!(channel.0.rooms(), 0);
}

#[test]
fn rooms_of_an_owner_are_bounded() {
    let mut channel = Channel::with(SignallingConfig {
        owner_rooms: 2,
        client_rooms: 2,
        ..SignallingConfig::default()
    });
    let mut enter = |client: Uuid, owner, room| {
        let sender = Sender::new(client).of_owner(owner);
        channel.handle(sender, discovery(Some(room)))
    };
    let (ada, bob) = (Some("ada"), Some("bob"));
    for (client, owner, room, expected) in [
        (A, ada, "one", Ok(())),
        (B, ada, "two", Ok(())),
        (A, ada, "three", Err(SignalError::TooManyOpened(2))),
        (C, bob, "three", Ok(())),
        // Rooms that others have opened do not count.
        (A, ada, "three", Ok(())),
        (C, None, "four", Ok(())),
    ] {
        assert_eq!(enter(client, owner, room), expected, "{room}");
    }
    // A room counts until its last member has left, whoever that is.
    let sender = Sender::new(B);
    channel.handle(sender, leave_room(Some("two"))).unwrap();
    let sender = Sender::new(B).of_owner(ada);
    channel.handle(sender, discovery(Some("five"))).unwrap();
    for client in [A, B, C] {
        channel.0.leave(at(0), client);
    }
    assert_eq!(channel.0.rooms(), 0);
    for room in ["six", "seven"] {
        channel
            .handle(Sender::new(A).of_owner(ada), discovery(Some(room)))
            .unwrap();
    }
}

#[test]
fn places_of_an_owner_in_a_room_are_bounded() {
    let mut channel = Channel::with(SignallingConfig {
        owner_members: 2,
        ..SignallingConfig::default()
    });
    let mut enter = |client: u128, owner, room| {
        let sender = Sender::new(Uuid::from_u128(client)).of_owner(owner);
        channel.handle(sender, discovery(Some(room)))
    };
    let (ada, bob) = (Some("ada"), Some("bob"));
    for (client, owner, room, expected) in [
        (1, ada, "one", Ok(())),
        (2, ada, "one", Ok(())),
        (3, ada, "one", Err(SignalError::TooManyMembers(2))),
        (1, ada, "one", Ok(())),
        (3, ada, "two", Ok(())),
        (4, bob, "one", Ok(())),
        (5, None, "one", Ok(())),
        (6, None, "one", Ok(())),
        (7, None, "one", Ok(())),
    ] {
        assert_eq!(enter(client, owner, room), expected, "{client} in {room}");
    }
    channel.0.leave(at(0), Uuid::from_u128(1));
    let sender = Sender::new(Uuid::from_u128(3)).of_owner(ada);
    channel.handle(sender, discovery(Some("one"))).unwrap();
}

#[test]
fn absent_member_is_sent_one_list() {
    let mut channel = Channel::with_room(&[A, B]);
    channel.0.handle_absence(B);
    for ms in [1_000, 2_000, 3_000] {
        channel.0.leave(at(ms), A);
        channel.0.handle_timeout(at(ms + 100));
        channel.enter(A, "room").unwrap();
        channel.0.handle_timeout(at(ms + 200));
        assert_eq!(channel.outputs(), [list(A, &[B]), list(A, &[B])]);
    }
    // Before a message, so that its sender is known.
    channel.send(A, offer(A, B)).unwrap();
    assert_eq!(channel.outputs(), [list(B, &[A]), (B, offer(A, B))]);
    channel.send(A, offer(A, B)).unwrap();
    assert_eq!(channel.outputs(), [(B, offer(A, B))]);

    channel.enter(C, "room").unwrap();
    channel.0.handle_timeout(at(9_000));
    assert_eq!(
        channel.outputs(),
        [list(C, &[A, B]), list(A, &[B, C]), list(C, &[A, B])]
    );
    channel.0.handle_return(B);
    assert_eq!(channel.outputs(), [list(B, &[A, C])]);
    channel.0.handle_return(B);
    assert_eq!(channel.outputs(), [], "it has the list");
}

#[test]
fn ends_are_kept_of_members_alone() {
    let mut channel = Channel::with_room(&[A, B]);
    channel.0.restrict(at(0), C, Some(at(5)), |_| true);
    assert_eq!(channel.0.poll_timeout(), None, "C is in no room");
    for leave in [
        |channel: &mut Channel| channel.0.leave(at(0), A),
        |channel: &mut Channel| channel.0.withdraw(at(0), A),
        |channel: &mut Channel| channel.handle(Sender::new(A), leave_room(None)).unwrap(),
        |channel: &mut Channel| {
            let sender = Sender::new(A).until(Some(at(5_000)));
            channel.handle(sender, leave_room(Some("room"))).unwrap();
        },
    ] {
        channel.enter(A, "room").unwrap();
        channel.0.restrict(at(0), A, Some(at(5_000)), |_| true);
        leave(&mut channel);
        channel.0.handle_timeout(at(1_000));
        assert_eq!(channel.0.poll_timeout(), None);
    }
}

#[test]
fn candidates_that_were_not_sent_pass_again() {
    let mut channel = Channel::with_room(&[A, B]);
    for _ in 0..2 {
        channel.send(A, batch(B, &["one", "two"])).unwrap();
        let outputs = channel.outputs();
        assert_eq!(outputs, [(B, batch(B, &["one", "two"]))]);
        channel.0.handle_unsent(&outputs[0].1);
    }
}

#[test]
fn topic_is_the_room_of_a_message() {
    let mut channel = Channel::with_room(&[A, B]);
    let message = || Signal::Message(offer(A, B));
    channel
        .handle(Sender::new(A).in_room(Some("room")), message())
        .unwrap();
    let other = channel.handle(Sender::new(A).in_room(Some("other")), message());
    assert_eq!(other, Err(SignalError::PeerNotPermitted));

    let in_other = Sender::new(C).in_room(Some("other"));
    channel.handle(in_other, discovery(None)).unwrap();
    assert_eq!(channel.0.rooms(), 2, "the topic is the room to enter");
    let mismatch = channel.handle(in_other, discovery(Some("room")));
    assert_eq!(mismatch, Err(SignalError::BadRoom));
    for room in ["", &"x".repeat(256)] {
        assert_eq!(channel.enter(A, room), Err(SignalError::BadRoom));
    }
}

#[test]
fn repeated_candidates_are_dropped() {
    let mut channel = Channel::with_room(&[A, B, C]);
    channel.send(A, batch(B, &["a", "b", "a"])).unwrap();
    channel.send(A, batch(B, &["b", "c"])).unwrap();
    channel.send(A, batch(B, &["a", "b"])).unwrap();
    let candidate = |to, candidate: &str| RtcMessage::Candidate {
        from: A,
        to,
        candidate: candidate.into(),
    };
    channel.send(A, candidate(B, "c")).unwrap();
    channel.send(A, candidate(C, "c")).unwrap();
    let expected = [
        (B, batch(B, &["a", "b"])),
        (B, batch(B, &["c"])),
        (C, candidate(C, "c")),
    ];
    assert_eq!(channel.outputs(), expected);
}

#[test]
fn old_candidates_pass_again() {
    let mut channel = Channel::with_room(&[A, B]);
    let passed = [0, 60_000, 60_001, 120_001, 120_002].map(|ms| {
        let signal = Signal::Message(batch(B, &["a"]));
        let sender = Sender::new(A);
        channel.0.handle(at(ms), sender, signal, |_| true).unwrap();
        channel.outputs().len()
    });
    assert_eq!(passed, [1, 0, 1, 0, 1]);
}

#[test]
fn rooms_are_bounded() {
    let mut channel = Channel::with(SignallingConfig {
        room_members: 2,
        client_rooms: 2,
        rooms: 3,
        ..SignallingConfig::default()
    });
    channel.enter(A, "1").unwrap();
    channel.enter(B, "1").unwrap();
    assert_eq!(channel.enter(C, "1"), Err(SignalError::RoomFull(2)));
    channel.enter(A, "2").unwrap();
    assert_eq!(channel.enter(A, "3"), Err(SignalError::TooManyRooms(2)));
    channel.enter(B, "3").unwrap();
    assert_eq!(channel.enter(C, "4"), Err(SignalError::NoRoomLeft(3)));
    assert_eq!(channel.0.rooms(), 3);
}

#[test]
fn rate_of_a_client_is_bounded() {
    let mut channel = Channel::with(SignallingConfig {
        bandwidth: RelayBandwidth {
            bytes_per_second: 1_000,
            burst_bytes: 2 * RTC_MESSAGE_BYTES + 10,
        },
        ..SignallingConfig::default()
    });
    for _ in 0..2 {
        channel.0.charge(at(0), A, 5).unwrap();
    }
    let retry = Some(Duration::from_millis(1_029));
    let refused = channel.0.charge(at(0), A, 5);
    assert_eq!(refused, Err(SignalError::RateLimited { retry }));
    channel.0.charge(at(0), B, 5).unwrap();
    channel.0.charge(at(1_029), A, 5).unwrap();
    let refused = channel.0.charge(at(9_999), A, 2_000);
    assert_eq!(refused, Err(SignalError::RateLimited { retry: None }));
}

/// Step of a random sequence: a client and a room of four each.
#[derive(Clone, Copy, Debug)]
enum Step {
    Enter(u8, u8),
    Leave(u8, u8),
    End(u8),
    Lists,
}

fn step() -> impl Strategy<Value = Step> {
    let (client, room) = (0..4_u8, 0..4_u8);
    prop_oneof![
        4 => (client.clone(), room.clone()).prop_map(|(client, room)| Step::Enter(client, room)),
        2 => (client.clone(), room).prop_map(|(client, room)| Step::Leave(client, room)),
        1 => client.prop_map(Step::End),
        1 => Just(Step::Lists),
    ]
}

proptest! {
    /// Agrees with a plain list of pairs of client and room; after the lists were sent, each client has had its peers.
    #[test]
    fn lists_agree_with_plain_rooms(steps in prop::collection::vec(step(), 0..60)) {
        let mut channel = Channel::new();
        let mut pairs: Vec<(u8, u8)> = Vec::new();
        let mut known: [Vec<Uuid>; 4] = Default::default();
        let id = |client: u8| Uuid::from_u128(u128::from(client));
        for step in steps {
            match step {
                Step::Enter(client, room) => {
                    channel.enter(id(client), &format!("{room}")).unwrap();
                    if !pairs.contains(&(client, room)) {
                        pairs.push((client, room));
                    }
                }
                Step::Leave(client, room) => {
                    let signal = leave_room(Some(&format!("{room}")));
                    channel.handle(Sender::new(id(client)), signal).unwrap();
                    pairs.retain(|pair| *pair != (client, room));
                }
                Step::End(client) => {
                    channel.0.leave(at(0), id(client));
                    pairs.retain(|pair| pair.0 != client);
                    known[usize::from(client)].clear();
                }
                Step::Lists => channel.0.handle_timeout(at(1_000)),
            }
            for (to, message) in channel.outputs() {
                let RtcMessage::PeerList { peers } = message else {
                    panic!("{message:?}");
                };
                known[usize::try_from(to.as_u128()).unwrap()] = peers;
            }
            if channel.0.poll_timeout().is_some() {
                continue;
            }
            for client in 0..4_u8 {
                let with = |peer: &u8| {
                    *peer != client
                        && (0..4).any(|room| pairs.contains(&(client, room)) && pairs.contains(&(*peer, room)))
                };
                let peers: Vec<Uuid> = (0..4_u8).filter(with).map(id).collect();
                prop_assert_eq!(&known[usize::from(client)], &peers);
            }
        }
    }
}
