//! Tests that bytes and values stay the same in a build that turns on the features of `serde_json`.

use push_wire_shared::encoding::{EncodeError, cbor, json, msgpack};
use push_wire_shared::{
    BinaryEnvelope, ChannelKind, Frame, PayloadEncoding, RtcMessage, SystemOp, TurnCredential,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

const ENCODINGS: [PayloadEncoding; 3] = [
    PayloadEncoding::MessagePack,
    PayloadEncoding::Cbor,
    PayloadEncoding::Json,
];

#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Channel {
    #[channel(system)]
    System,
    Chat,
}

/// Checks that the features are on in this build.
#[test]
fn features_are_on() {
    let text = r#"{"b":1.000,"a":2}"#;
    let value: Value = serde_json::from_str(text).unwrap();
    assert_eq!(value.to_string(), text);
}

#[test]
fn values_have_the_bytes_of_their_numbers() {
    let value: Value = serde_json::from_str("[1,-2,1.5,-0.0,18446744073709551615,[1e2]]").unwrap();
    let typed = (1_u8, -2_i8, 1.5_f64, -0.0_f64, u64::MAX, [100.0_f64]);
    assert_eq!(msgpack::to_vec(&value), msgpack::to_vec(&typed));
    assert_eq!(cbor::to_vec(&value), cbor::to_vec(&typed));
    let text = json::to_vec(&value).unwrap();
    for encoding in [PayloadEncoding::MessagePack, PayloadEncoding::Cbor] {
        assert_eq!(
            json::transcode(&text, encoding).ok(),
            encoding.encode(&typed).ok()
        );
    }
}

#[test]
fn numbers_out_of_range_are_refused() {
    for text in ["1e400", "[-1e999]"] {
        let value: Value = serde_json::from_str(text).unwrap();
        for encoding in ENCODINGS {
            let refused = encoding.encode(&value);
            assert!(
                matches!(refused, Err(EncodeError::NotInEveryEncoding(_))),
                "{text}: {refused:?}"
            );
        }
    }
}

#[test]
fn raw_values_have_the_bytes_of_their_values() {
    let raw: &RawValue = serde_json::from_str(r#"{"a": [1, "\u00e9"]}"#).unwrap();
    assert_eq!(
        msgpack::to_vec(raw).unwrap(),
        b"\x81\xa1a\x92\x01\xa2\xc3\xa9"
    );
    assert_eq!(cbor::to_vec(raw).unwrap(), b"\xa1\x61a\x82\x01\x62\xc3\xa9");
}

#[test]
fn values_come_back() {
    let value: Value =
        serde_json::from_str(r#"{"b":[1,-2,0.5,9007199254740993],"a":null}"#).unwrap();
    for encoding in ENCODINGS {
        let bytes = encoding.encode(&value).unwrap();
        assert_eq!(encoding.decode(&bytes), Ok(value.clone()), "{encoding:?}");
    }
    assert_eq!(
        json::from_slice(b"0.9999999999999999"),
        Ok(0.999_999_999_999_999_9_f64)
    );
}

fn comes_back<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    for encoding in ENCODINGS {
        let bytes = encoding.encode(value).unwrap();
        let read = encoding.decode::<T>(&bytes);
        assert_eq!(read.as_ref(), Ok(value), "{encoding:?}");
    }
}

#[test]
fn types_with_a_tag_come_back() {
    let channel = Channel::Chat;
    comes_back(&SystemOp::Ack {
        channel,
        cursor: u64::MAX,
    });
    comes_back(&SystemOp::ResumeRequired {
        channel,
        from_cursor: 7,
    });
    comes_back(&SystemOp::<Channel>::Slow { window: Some(3) });
    comes_back(&SystemOp::<Channel>::Slow { window: None });
    comes_back(&SystemOp::<Channel>::auth_ok(5));
    comes_back(&SystemOp::Auth {
        client_id: uuid::Uuid::from_u128(7),
        token: None,
        capabilities: vec![channel],
        resume_cursor: Some(1),
        resume_cursors: [(channel, 12)].into(),
    });
    comes_back(&RtcMessage::TurnCredentials(TurnCredential {
        username: "u".into(),
        credential: "c".into(),
        ttl_seconds: 60,
        server: None,
    }));
    comes_back(&BinaryEnvelope::Pointer {
        mime: "image/png".into(),
        sha256: "00".into(),
        size: 9,
        url: "https://example.org/a.png".into(),
        name: None,
    });
}

#[test]
fn envelopes_come_back() {
    #[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
    struct Price {
        value: f64,
        volume: u64,
    }
    let price = Price {
        value: 0.1,
        volume: 1 << 60,
    };
    comes_back(&Frame::new(Channel::Chat, price).with_cursor(3));
}
