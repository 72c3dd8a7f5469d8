//! Test of readers that stop reading while others go on: the short form of `cargo xtask soak`, without sockets and times.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use push_wire_broker::Record;
use push_wire_server::internals::carrier;
use push_wire_server::internals::hub::{Hub, HubConfig};
use push_wire_server::internals::peer::{Accepted, Action, Dialect, Message, Peer};
use push_wire_server::{ChannelPolicy, Compression, Grant};
use push_wire_shared::channel::ChannelTable;
use push_wire_shared::frame::FrameHeader;
use push_wire_shared::position::{Scope, StartAt, StreamKey, cursor_from_low_bits};
use push_wire_shared::session::op::{Auth, ClientOp, ScopeRequest, ServerOp, Subscribe};
use push_wire_shared::session::wire::{Content, EntryHeader, Records, write_record};
use push_wire_shared::time::Moment;
use push_wire_shared::{BinaryFlags, ChannelKind};
use uuid::Uuid;

use super::peak;

const READERS: usize = 50;
const STOPPED: usize = 5;

/// Entries of each log while they have stopped.
const ENTRIES: u64 = 2_400;

/// Entries that the short log keeps.
const KEPT: u64 = 1_000;

/// Memory that each reader that has stopped may take beside what the others take as well (4 KiB), in bytes.
const STOPPED_BYTES: u64 = 4 * 1024;

#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Channel {
    #[channel(system)]
    System,
    Short,
    Long,
    Value,
}

const CHANNELS: [Channel; 3] = [Channel::Short, Channel::Long, Channel::Value];

fn hub() -> Arc<Hub> {
    let mut config = HubConfig::new(ChannelTable::of::<Channel>());
    let log = |entries: u64| {
        let policy = ChannelPolicy::log().retain_bytes(1 << 30);
        policy.retain_entries(usize::try_from(entries).unwrap())
    };
    for (channel, policy) in [
        (Channel::Short, log(KEPT)),
        (Channel::Long, log(2 * ENTRIES)),
        (Channel::Value, ChannelPolicy::state()),
    ] {
        let policy = policy.compression(Compression::Off);
        config.set_policy(channel.wire_id(), policy);
    }
    let counter = AtomicU64::new(1);
    Hub::new(
        config,
        Arc::new(move || counter.fetch_add(1, Ordering::Relaxed)),
    )
}

fn publish(hub: &Hub, number: u64) {
    let body = Bytes::from(format!("\"{number}:{}\"", "x".repeat(1_000)));
    for channel in CHANNELS {
        let key = StreamKey {
            channel: channel.wire_id(),
            scope: Scope::Channel,
        };
        let record = Record {
            content: Content::Value,
            body: body.clone(),
        };
        hub.publish(Moment::default(), &key, record).unwrap();
    }
}

/// A stream as a reader has seen it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Seen {
    cursor: u64,
    entries: u64,
    resets: u64,
}

/// A client that reads all channels.
struct Reader {
    peer: Peer,
    channels: BTreeMap<u64, u32>,
    seen: BTreeMap<u32, Seen>,
}

impl Reader {
    fn new(hub: &Arc<Hub>, client: usize) -> Self {
        let now = Moment::default();
        let subscriptions = CHANNELS.map(|channel| Subscribe {
            id: channel.wire_id().into(),
            channel: channel.name().into(),
            scope: ScopeRequest::Channel,
            position: None,
            start: StartAt::Oldest,
        });
        let mut op = Vec::new();
        ClientOp::Auth(Auth {
            subscriptions: subscriptions.into(),
            ..Auth::new(Uuid::from_u128(client as u128 + 1))
        })
        .encode(&mut op);
        let header = FrameHeader {
            flags: BinaryFlags::default(),
            channel: Channel::System.wire_id(),
            sequence: 0,
        };
        let mut message = Vec::new();
        write_record(&mut message, header, &op);
        let mut peer = Peer::new(Arc::clone(hub), Dialect::Wire, now);
        peer.handle_message(now, Message::Binary(message.into()));
        while let Some(action) = peer.poll_action(now) {
            assert!(matches!(action, Action::Authenticate(_)), "{action:?}");
            peer.handle_authenticated(now, Ok(Accepted::for_ever(Grant::everything())));
        }
        let mut reader = Self {
            peer,
            channels: BTreeMap::new(),
            seen: BTreeMap::new(),
        };
        reader.read();
        reader
    }

    /// Reads all that there is.
    fn read(&mut self) {
        let now = Moment::default();
        self.peer.handle_wake(now);
        loop {
            let mut messages: Vec<carrier::Message> = Vec::new();
            self.peer.poll_write(now, &mut messages);
            if messages.is_empty() {
                return;
            }
            self.peer.wrote(now, true);
            for message in messages {
                for record in Records::new(&message.content()) {
                    let (header, payload) = record.unwrap();
                    self.take(header, payload);
                }
            }
        }
    }

    fn take(&mut self, header: FrameHeader, payload: &[u8]) {
        if header.channel == Channel::System.wire_id() {
            return self.op(&ServerOp::decode(payload).unwrap());
        }
        let (entry, _) = EntryHeader::split(payload).unwrap();
        let id = self.channels[&entry.stream];
        let seen = self.seen.get_mut(&id).unwrap();
        let cursor = cursor_from_low_bits(header.sequence, seen.cursor);
        if id != u32::from(Channel::Value.wire_id()) {
            assert_eq!(cursor, seen.cursor + 1, "entries are missing");
        }
        seen.cursor = cursor;
        seen.entries += 1;
    }

    fn op(&mut self, op: &ServerOp) {
        if let ServerOp::Resumed { id, stream, .. } = op {
            self.channels.insert(*stream, *id);
            let seen = Seen {
                cursor: 0,
                entries: 0,
                resets: 0,
            };
            self.seen.insert(*id, seen);
        }
        if let ServerOp::Reset { id, reading, .. } = op {
            let seen = self.seen.get_mut(id).unwrap();
            seen.cursor = reading.unwrap().1.cursor;
            seen.resets += 1;
        }
    }

    fn seen(&self, channel: Channel) -> Seen {
        self.seen[&u32::from(channel.wire_id())]
    }
}

/// Publishes while some readers have stopped. Returns the peak of the memory that this took, in bytes.
fn run(hub: &Arc<Hub>, readers: &mut [Reader], stopped: usize) -> u64 {
    peak(|| {
        for number in 1..=ENTRIES {
            publish(hub, number);
            readers.iter_mut().skip(stopped).for_each(Reader::read);
        }
    })
}

#[test]
fn stopped_readers_take_no_memory_and_continue() {
    let readers = |hub: &Arc<Hub>| -> Vec<Reader> {
        (0..READERS)
            .map(|client| Reader::new(hub, client))
            .collect()
    };
    let hub_of_all = hub();
    let without = run(&hub_of_all, &mut readers(&hub_of_all), 0);
    let hub = hub();
    let mut readers = readers(&hub);
    let with = run(&hub, &mut readers, STOPPED);
    let most = without + STOPPED as u64 * STOPPED_BYTES;
    assert!(with <= most, "{with} bytes, {without} if none stops");

    let all = Seen {
        cursor: ENTRIES,
        entries: ENTRIES,
        resets: 0,
    };
    for reader in &readers[STOPPED..] {
        assert_eq!(CHANNELS.map(|channel| reader.seen(channel)), [all; 3]);
    }
    for reader in &mut readers[..STOPPED] {
        reader.read();
        let reset = Seen {
            entries: KEPT,
            resets: 1,
            ..all
        };
        assert_eq!(reader.seen(Channel::Short), reset);
        assert_eq!(reader.seen(Channel::Long), all);
        let newest = Seen { entries: 1, ..all };
        assert_eq!(reader.seen(Channel::Value), newest);
    }
}
