//! Tests that messages keep to the limits of a client.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use push_wire_broker::Record;
use push_wire_shared::channel::{Channel, ChannelMode, ChannelTable};
use push_wire_shared::position::{Scope, StreamKey};
use push_wire_shared::session::wire::{Content, Records};
use push_wire_shared::time::Moment;

use super::*;
use crate::hub::{Hub, HubConfig, OpenStream, Owner};

const LIMITS: ClientLimits = ClientLimits {
    message_bytes: 300,
    value_bytes: 2_000,
};

/// A stream with an entry of each of these sizes, and a codec for a client of [`LIMITS`].
fn stream_of(sizes: &[usize]) -> (OpenStream, Vec<Arc<Entry>>, WireCodec) {
    let channel = |id, name: &str, mode| Channel {
        id,
        name: name.into(),
        priority: 1,
        mode,
    };
    let config = HubConfig::new(ChannelTable::new(vec![
        channel(0, "system", ChannelMode::System),
        channel(1, "chat", ChannelMode::Log),
    ]));
    let hub = Hub::new(config, Arc::new(|| 1));
    let now = Moment::after_origin(std::time::Duration::ZERO);
    let key = StreamKey {
        channel: 1,
        scope: Scope::Channel,
    };
    for size in sizes {
        let record = Record {
            content: Content::Bytes,
            body: Bytes::from(vec![7; *size]),
        };
        hub.publish(now, &key, record).unwrap();
    }
    let stream = hub.open_stream(now, &key, &Owner::Unknown).unwrap();
    let mut entries = Vec::new();
    let mut cx = Context::from_waker(Waker::noop());
    let read = stream
        .log()
        .poll_read(&mut cx, now, 0, usize::MAX, &mut entries);
    assert!(matches!(read, Poll::Ready(Ok(_))));
    let mut codec = WireCodec::new(0, 1_000);
    codec.limits = LIMITS;
    (stream, entries, codec)
}

fn finish(codec: &mut WireCodec) -> Vec<OutMessage> {
    let mut messages = Vec::new();
    assert_eq!(codec.finish(&mut messages), messages.len());
    let fits = |message: &OutMessage| message.content_bytes() <= LIMITS.message_bytes;
    assert!(messages.iter().all(fits));
    messages
}

#[test]
fn batch_fits_the_clients_messages() {
    let (stream, entries, mut codec) = stream_of(&[50; 20]);
    let (mut taken, mut messages) = (0, 0);
    while taken < entries.len() {
        match codec.entry(&stream, &entries[taken], 10_000) {
            Added::Bytes(_) => taken += 1,
            Added::Full => messages += finish(&mut codec).len(),
            other @ (Added::Large(_) | Added::TooLarge { .. }) => panic!("{other:?}"),
        }
    }
    messages += finish(&mut codec).len();
    assert_eq!(messages, 5, "four entries in a message");
}

#[test]
fn fragments_entry_above_message_limit() {
    let (stream, entries, mut codec) = stream_of(&[900, 1_900]);
    for entry in &entries {
        let Added::Large(mut fragments) = codec.entry(&stream, entry, 10_000) else {
            panic!("not in fragments");
        };
        let mut bytes = 0;
        loop {
            let (fragment, is_last) = fragments.take();
            codec.fragment(fragment);
            let [message] = &finish(&mut codec)[..] else {
                panic!("one message each");
            };
            let content = message.content();
            let (header, _) = Records::new(&content).next().unwrap().unwrap();
            assert!(header.flags.fragmented);
            bytes += content.len();
            if is_last {
                break;
            }
        }
        assert!(bytes > entry.record.body.len());
    }
}

#[test]
fn refuses_entry_above_value_limit() {
    let (stream, entries, mut codec) = stream_of(&[2_000, 2_001]);
    let fitting = codec.entry(&stream, &entries[0], 10_000);
    assert!(matches!(fitting, Added::Large(_)));
    let refused = codec.entry(&stream, &entries[1], 10_000);
    assert!(matches!(
        refused,
        Added::TooLarge {
            bytes: 2_001,
            limit: 2_000
        }
    ));
}

#[test]
fn control_ops_are_spread_over_messages() {
    let (.., mut codec) = stream_of(&[]);
    for id in 0..100 {
        codec.op(&ServerOp::Error {
            code: ErrorCode::BadOp,
            message: "an op that means nothing".into(),
            id: Some(id),
            retry_ms: None,
        });
    }
    let messages = finish(&mut codec);
    assert!(messages.len() > 10);
    let contents = messages.iter().map(OutMessage::content);
    let sequences: Vec<u32> = contents
        .flat_map(|content| {
            let headers = Records::new(&content).map(|record| record.unwrap().0.sequence);
            headers.collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(sequences, (0..100).collect::<Vec<_>>());
    assert_eq!((codec.pending_bytes(), codec.pending_ops()), (0, 0));
}
