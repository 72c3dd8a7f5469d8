//! Tests that the published crate reads our control ops and frames in MessagePack and CBOR.

use push_wire_server as ours;
use pushwire_client as published;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

/// A channel for both crates.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
enum Topic {
    News,
}

macro_rules! channel_kind {
    ($krate:ident) => {
        impl $krate::ChannelKind for Topic {
            fn priority(&self) -> u8 {
                1
            }

            fn wire_id(&self) -> u8 {
                1
            }

            fn from_wire_id(id: u8) -> Option<Self> {
                (id == 1).then_some(Self::News)
            }

            fn from_name(name: &str) -> Option<Self> {
                (name == "News").then_some(Self::News)
            }

            fn name(&self) -> &'static str {
                "News"
            }

            fn is_system(&self) -> bool {
                false
            }

            fn all() -> &'static [Self] {
                &[Self::News]
            }
        }
    };
}

channel_kind!(ours);
channel_kind!(published);

const ENCODINGS: [(ours::PayloadEncoding, published::PayloadEncoding); 2] = [
    (
        ours::PayloadEncoding::MessagePack,
        published::PayloadEncoding::MessagePack,
    ),
    (
        ours::PayloadEncoding::Cbor,
        published::PayloadEncoding::Cbor,
    ),
];

/// Reads our frame with this payload by the published crate; returns it as JSON.
fn read_as_published<T: Serialize, U: Serialize + for<'de> Deserialize<'de>>(
    payload: T,
    (ours, published): (ours::PayloadEncoding, published::PayloadEncoding),
) -> serde_json::Value {
    let frame = ours::BinaryFrame {
        channel: Topic::News,
        flags: ours::BinaryFlags::default(),
        sequence: 1,
        payload,
    };
    let bytes = ours::encode_frame(&frame, ours).unwrap();
    let frame: published::BinaryFrame<Topic, U> =
        published::decode_frame(&bytes, published).unwrap();
    serde_json::to_value(&frame.payload).unwrap()
}

#[test]
fn reads_ops_with_absent_fields() {
    let id = Uuid::from_u128(7);
    for json in [
        json!({"op": "features", "requested": ["x"]}),
        json!({"op": "auth", "client_id": id, "resume_cursors": {"News": 3}}),
        json!({"op": "auth", "client_id": id, "capabilities": ["News"], "resume_cursor": 4}),
        json!({"op": "auth_ok", "resume_cursor": 4}),
        json!({"op": "slow"}),
        json!({"op": "ack", "channel": "News", "cursor": 3}),
        json!({"op": "health", "status": "ok"}),
        json!({"op": "goodbye"}),
        json!({"op": "ping"}),
    ] {
        for encodings in ENCODINGS {
            let op: ours::SystemOp<Topic> = serde_json::from_value(json.clone()).unwrap();
            let read = read_as_published::<_, published::SystemOp<Topic>>(op, encodings);
            assert_eq!(read, json);
        }
    }
}

#[test]
fn reads_envelopes_with_absent_fields() {
    for json in [
        json!({"channel": "News", "payload": 5}),
        json!({"channel": "News", "payload": 5, "client_id": Uuid::from_u128(7)}),
        json!({"channel": "News", "cursor": 3, "payload": [1, null]}),
    ] {
        for encodings in ENCODINGS {
            let frame: ours::Frame<Topic> = serde_json::from_value(json.clone()).unwrap();
            let read = read_as_published::<_, published::Frame<Topic>>(frame, encodings);
            assert_eq!(read, json);
        }
    }
}
