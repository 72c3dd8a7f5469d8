//! Tests of messages with long lists: their allocations, actions and bytes of the answer are bounded.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use push_wire_server::Grant;
use push_wire_server::internals::carrier;
use push_wire_server::internals::hub::{Hub, HubConfig};
use push_wire_server::internals::peer::{Accepted, Action, Dialect, Message, Peer};
use push_wire_shared::channel::ChannelTable;
use push_wire_shared::encoding::msgpack;
use push_wire_shared::frame::FrameHeader;
use push_wire_shared::position::StartAt;
use push_wire_shared::session::op::{Auth, ClientOp, ScopeRequest, Subscribe};
use push_wire_shared::session::wire::write_record;
use push_wire_shared::time::Moment;
use push_wire_shared::{BinaryFlags, ChannelKind};
use serde::Serialize;
use uuid::Uuid;

/// Items of a list: more than every limit.
const ITEMS: usize = 20_000;

/// Limit of a message's allocations beside one for each item: a list is refused or answered as a whole.
const ALLOCATIONS: u64 = 1_000;

/// Limit of the answers to a message, in bytes.
const ANSWER: usize = 64 * 1024;

#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Channel {
    #[channel(system)]
    System,
    Chat,
    Price,
}

/// Work that one message has caused.
#[derive(Debug, Default)]
struct Work {
    allocations: u64,
    actions: usize,
    answer: usize,
}

/// A server's peer, as a client that sends ops reaches it.
struct Client {
    peer: Peer,
    control_frames: u32,
}

impl Client {
    fn new(dialect: Dialect) -> Self {
        let config = HubConfig::new(ChannelTable::of::<Channel>());
        let counter = AtomicU64::new(1);
        let ids = Arc::new(move || counter.fetch_add(1, Ordering::Relaxed));
        Self {
            peer: Peer::new(Hub::new(config, ids), dialect, Moment::default()),
            control_frames: 0,
        }
    }

    /// A client of the push-wire dialect that is authenticated.
    fn wire() -> Self {
        let mut client = Self::new(Dialect::Wire);
        let mut auth = Vec::new();
        ClientOp::Auth(Auth::new(Uuid::from_u128(1))).encode(&mut auth);
        let auth = client.op(&auth);
        client.work(auth);
        client
    }

    /// A client of the JSON dialect that is authenticated.
    fn json() -> Self {
        let mut client = Self::new(Dialect::Json);
        let auth = format!(r#"{{"op":"auth","client_id":"{}"}}"#, Uuid::from_u128(1));
        client.work(Message::Text(auth));
        client
    }

    fn op(&mut self, op: &[u8]) -> Message {
        let header = FrameHeader {
            flags: BinaryFlags::default(),
            channel: Channel::System.wire_id(),
            sequence: self.control_frames,
        };
        self.control_frames += 1;
        let mut message = Vec::new();
        write_record(&mut message, header, op);
        Message::Binary(Bytes::from(message))
    }

    fn work(&mut self, message: Message) -> Work {
        let mut work = Work::default();
        let counted = allocation_counter::measure(|| self.handle(message, &mut work));
        work.allocations = counted.count_total;
        work
    }

    fn handle(&mut self, message: Message, work: &mut Work) {
        let now = Moment::default();
        self.peer.handle_message(now, message);
        while let Some(action) = self.peer.poll_action(now) {
            work.actions += 1;
            if let Action::Authenticate(_) = action {
                self.peer
                    .handle_authenticated(now, Ok(Accepted::for_ever(Grant::everything())));
            }
        }
        loop {
            let mut messages: Vec<carrier::Message> = Vec::new();
            self.peer.poll_write(now, &mut messages);
            if messages.is_empty() {
                return;
            }
            self.peer.wrote(now, true);
            work.answer += messages
                .iter()
                .map(|one| one.content().len())
                .sum::<usize>();
        }
    }
}

/// Checks the work of a message whose list has this many items.
#[track_caller]
fn assert_bounded(what: &str, items: usize, work: &Work) {
    let allocations = ALLOCATIONS + items as u64;
    assert!(work.allocations <= allocations, "{what}: {work:?}");
    assert!(work.actions <= 1, "{what}: {work:?}");
    assert!(work.answer <= ANSWER, "{what}: {work:?}");
}

/// Lists of the JSON dialect: one name repeated, the known names in turn, and different unknown names.
fn json_lists() -> [(&'static str, String); 3] {
    let list = |name: fn(usize) -> String| {
        let mut list = String::from("[");
        for n in 0..ITEMS {
            let comma = if n == 0 { "" } else { "," };
            write!(list, r#"{comma}"{}""#, name(n)).unwrap();
        }
        list + "]"
    };
    [
        ("one name", list(|_| "chat".into())),
        ("known names", list(|n| ["chat", "price"][n % 2].into())),
        ("unknown names", list(|n| format!("c{n}"))),
    ]
}

#[test]
fn bounds_json_ops_with_long_lists() {
    for op in ["subscribe", "unsubscribe"] {
        for (what, list) in json_lists() {
            let text = format!(r#"{{"op":"{op}","capabilities":{list}}}"#);
            let work = Client::json().work(Message::Text(text));
            assert_bounded(&format!("{op} {what}"), ITEMS, &work);
        }
    }
}

#[test]
fn bounds_json_auth_with_long_lists() {
    for (what, list) in json_lists() {
        let id = Uuid::from_u128(1);
        let text = format!(r#"{{"op":"auth","client_id":"{id}","capabilities":{list}}}"#);
        let work = Client::new(Dialect::Json).work(Message::Text(text));
        assert_bounded(&format!("auth {what}"), ITEMS, &work);
    }
}

/// The op `have` or `unsubscribe`.
#[derive(Serialize)]
struct Ids {
    op: &'static str,
    ids: Vec<u32>,
}

/// The op `ack`.
#[derive(Serialize)]
struct Acks {
    op: &'static str,
    acks: Vec<(u32, u64)>,
}

#[test]
fn wire_ops_with_long_lists() {
    type Id = fn(u32) -> u32;
    let ids: [(&str, Id); 2] = [("one id", |_| 1), ("many ids", |n| n)];
    for (what, id) in ids {
        let ids: Vec<u32> = (0..u32::try_from(ITEMS).unwrap()).map(id).collect();
        for op in ["unsubscribe", "have"] {
            let ids = ids.clone();
            let bytes = msgpack::to_vec(&Ids { op, ids }).unwrap();
            assert_refused(&format!("{op} {what}"), &bytes);
        }
        let acks = ids.iter().map(|id| (*id, 1)).collect();
        let bytes = msgpack::to_vec(&Acks { op: "ack", acks }).unwrap();
        assert_refused(&format!("ack {what}"), &bytes);
        let mut bytes = Vec::new();
        ClientOp::Subscribe(ids.into_iter().map(subscribe).collect()).encode(&mut bytes);
        assert_refused(&format!("subscribe {what}"), &bytes);
    }
}

fn subscribe(id: u32) -> Subscribe {
    Subscribe {
        id,
        channel: Channel::Chat.name().into(),
        scope: ScopeRequest::Topic(format!("room {id}")),
        position: None,
        start: StartAt::Oldest,
    }
}

/// Checks an op of the push-wire dialect whose list is above its bound: nothing is built for the items.
#[track_caller]
fn assert_refused(what: &str, op: &[u8]) {
    let mut client = Client::wire();
    let message = client.op(op);
    let work = client.work(message);
    assert!(work.answer > 0, "{what}: no answer");
    assert_bounded(what, 0, &work);
}
