//! Test of the memory of many readers whose sockets accept nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use push_wire_broker::Record;
use push_wire_server::Grant;
use push_wire_server::internals::carrier;
use push_wire_server::internals::hub::{Hub, HubConfig};
use push_wire_server::internals::peer::{Accepted, Action, Dialect, Message, Peer};
use push_wire_shared::channel::ChannelTable;
use push_wire_shared::frame::FrameHeader;
use push_wire_shared::position::{Scope, StartAt, StreamKey};
use push_wire_shared::session::op::{Auth, ClientOp, ScopeRequest, Subscribe};
use push_wire_shared::session::wire::{Content, write_record};
use push_wire_shared::time::Moment;
use push_wire_shared::{BinaryFlags, ChannelKind};
use uuid::Uuid;

use super::peak;

const READERS: usize = 100;
const VALUE: usize = 4 * 1024 * 1024;

/// Limit of the memory of a reader beside the value (64 KiB), in bytes: its session, and one unsent fragment.
const READER: usize = 64 * 1024;

#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Channel {
    #[channel(system)]
    System,
    Files,
}

fn hub() -> Arc<Hub> {
    let config = HubConfig::new(ChannelTable::of::<Channel>());
    let counter = AtomicU64::new(1);
    Hub::new(
        config,
        Arc::new(move || counter.fetch_add(1, Ordering::Relaxed)),
    )
}

/// The first message of a client: its credentials, and a subscription to the files.
fn auth(client: usize) -> Bytes {
    let auth = ClientOp::Auth(Auth {
        subscriptions: vec![Subscribe {
            id: 1,
            channel: Channel::Files.name().into(),
            scope: ScopeRequest::Channel,
            position: None,
            start: StartAt::Oldest,
        }],
        ..Auth::new(Uuid::from_u128(client as u128 + 1))
    });
    let mut op = Vec::new();
    auth.encode(&mut op);
    let header = FrameHeader {
        flags: BinaryFlags::default(),
        channel: Channel::System.wire_id(),
        sequence: 0,
    };
    let mut message = Vec::new();
    write_record(&mut message, header, &op);
    message.into()
}

/// A connection whose socket has not accepted the value's first fragment.
fn reader(hub: &Arc<Hub>, client: usize) -> (Peer, Vec<carrier::Message>) {
    let now = Moment::default();
    let mut peer = Peer::new(Arc::clone(hub), Dialect::Wire, now);
    peer.handle_message(now, Message::Binary(auth(client)));
    while let Some(action) = peer.poll_action(now) {
        assert!(matches!(action, Action::Authenticate(_)), "{action:?}");
        peer.handle_authenticated(now, Ok(Accepted::for_ever(Grant::everything())));
    }
    let mut messages = Vec::new();
    for _ in 0..2 {
        peer.poll_write(now, &mut messages);
    }
    (peer, messages)
}

#[test]
fn readers_share_a_large_value() {
    let hub = hub();
    let mut fragment_bytes = 0;
    let peak = peak(|| {
        let record = Record {
            content: Content::Value,
            body: Bytes::from(format!("\"{}\"", "x".repeat(VALUE))),
        };
        let key = StreamKey {
            channel: Channel::Files.wire_id(),
            scope: Scope::Channel,
        };
        hub.publish(Moment::default(), &key, record).unwrap();
        let readers: Vec<_> = (0..READERS).map(|client| reader(&hub, client)).collect();
        let messages = readers.iter().flat_map(|(_, messages)| messages);
        fragment_bytes = messages.map(|message| message.content().len()).sum();
    });
    assert!(
        fragment_bytes > READERS * 8 * 1024,
        "{fragment_bytes} bytes were sent"
    );
    // The published value, and the form in which it is sent.
    let most = 3 * VALUE + READERS * READER;
    assert!(peak < most as u64, "{peak} bytes, more than {most}");
}
