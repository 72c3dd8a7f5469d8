//! Program written for the published crate, compiled with this one: only the crate's name differs.

mod names;

use std::collections::HashMap;

use push_wire_shared::{
    BinaryEnvelope, BinaryFlags, BinaryFrame, ChannelKind, CompressionConfig,
    CompressionDictionary, DeltaApplyResult, DeltaOp, FragmentAssembler, FragmentRetention,
    FragmentShard, Frame, MAGIC_HEADER, PayloadDelta, PayloadEncoding, RawPayload, RtcMessage,
    RtcRouter, SystemOp, TurnCredential, VERSION_BYTE, apply_delta, compute_delta, decode_frame,
    decode_frame_with_dictionaries, encode_frame, encode_frame_with_compression, parse_channels,
    train_dictionary,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

/// The trait by hand and serde's derives, as programs did before there was a derive for it.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Topic {
    News,
    Prices,
    Control,
}

impl ChannelKind for Topic {
    fn priority(&self) -> u8 {
        match self {
            Self::Control => 0,
            Self::News => 1,
            Self::Prices => 2,
        }
    }

    fn wire_id(&self) -> u8 {
        match self {
            Self::News => 10,
            Self::Prices => 20,
            Self::Control => 30,
        }
    }

    fn from_wire_id(id: u8) -> Option<Self> {
        Self::all()
            .iter()
            .copied()
            .find(|topic| topic.wire_id() == id)
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::all()
            .iter()
            .copied()
            .find(|topic| topic.name() == name)
    }

    fn name(&self) -> &'static str {
        match self {
            Self::News => "news",
            Self::Prices => "prices",
            Self::Control => "control",
        }
    }

    fn is_system(&self) -> bool {
        matches!(self, Self::Control)
    }

    fn all() -> &'static [Self] {
        &[Self::News, Self::Prices, Self::Control]
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Price {
    symbol: String,
    value: f64,
}

fn price(symbol: &str) -> BinaryFrame<Topic, Price> {
    BinaryFrame {
        channel: Topic::Prices,
        flags: BinaryFlags {
            compressed: false,
            fragmented: false,
            ack_required: false,
        },
        sequence: 7,
        payload: Price {
            symbol: symbol.into(),
            value: 1.5,
        },
    }
}

#[test]
fn envelopes() {
    let client = Uuid::from_u128(7);
    let frame: Frame<Topic> = Frame::new(Topic::News, json!({"title": "hello"}))
        .with_cursor(3)
        .with_client(client);
    let text = serde_json::to_string(&frame).unwrap();
    let back: Frame<Topic, RawPayload> = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (back.channel, back.cursor, back.client_id),
        (Topic::News, Some(3), Some(client))
    );
    assert_eq!(back.payload["title"], "hello");
}

#[test]
fn control_ops() {
    let mut resume_cursors = HashMap::new();
    resume_cursors.insert(Topic::News, 12);
    let auth = SystemOp::Auth {
        client_id: Uuid::nil(),
        token: Some("secret".to_string()),
        capabilities: vec![Topic::News],
        resume_cursor: None,
        resume_cursors,
    };
    let text = serde_json::to_string(&auth).unwrap();
    let back: SystemOp<Topic> = serde_json::from_str(&text).unwrap();
    let SystemOp::Auth { resume_cursors, .. } = back else {
        panic!("not an auth: {back:?}");
    };
    assert_eq!(resume_cursors.get(&Topic::News), Some(&12));

    let answer = SystemOp::<Topic>::auth_ok(5);
    let SystemOp::AuthOk {
        resume_cursor,
        resume_cursors,
    } = answer
    else {
        panic!("not an auth_ok: {answer:?}");
    };
    assert_eq!((resume_cursor, resume_cursors.len()), (5, 0));
}

#[test]
fn channel_lists() {
    let topics: Vec<Topic> = parse_channels(Some("news, prices,,nonsense"));
    assert_eq!(topics, [Topic::News, Topic::Prices]);
    assert!(parse_channels::<Topic>(None).is_empty());
}

#[test]
fn binary_frames() {
    for encoding in [PayloadEncoding::MessagePack, PayloadEncoding::Cbor] {
        let bytes = encode_frame(&price("EURUSD"), encoding).unwrap();
        assert_eq!(bytes[..2], MAGIC_HEADER);
        assert_eq!(bytes[2], VERSION_BYTE);
        assert_eq!(bytes[4], 20);
        let back: BinaryFrame<Topic, Price> = decode_frame(&bytes, encoding).unwrap();
        assert_eq!(back, price("EURUSD"));
    }
    let raw: BinaryFrame<Topic> = BinaryFrame {
        channel: Topic::News,
        flags: BinaryFlags::from_byte(0b110),
        sequence: u32::MAX,
        payload: vec![1, 2, 3],
    };
    let bytes = encode_frame(&raw, PayloadEncoding::Cbor).unwrap();
    assert_eq!(decode_frame(&bytes, PayloadEncoding::Cbor), Ok(raw));
}

#[test]
fn dictionaries() {
    let samples: Vec<Vec<u8>> = (0..500)
        .map(|n| {
            format!(
                "{{\"symbol\":\"PAIR{n}\",\"value\":{}.5,\"venue\":\"LDN\"}}",
                n * 3
            )
            .into_bytes()
        })
        .collect();
    let samples: Vec<&[u8]> = samples.iter().map(Vec::as_slice).collect();
    let dictionary: CompressionDictionary = train_dictionary(&samples, 1024, 77).unwrap();
    let config = CompressionConfig {
        threshold: 1,
        dictionary: Some(dictionary.clone()),
    };
    let long_name = price(&"PAIR-".repeat(30));
    let encoding = PayloadEncoding::MessagePack;
    let bytes = encode_frame_with_compression(&long_name, encoding, &config).unwrap();
    assert!(BinaryFlags::from_byte(bytes[3]).compressed);
    let back: BinaryFrame<Topic, Price> =
        decode_frame_with_dictionaries(&bytes, encoding, &[dictionary]).unwrap();
    assert_eq!(back.payload, long_name.payload);
    assert_eq!(CompressionConfig::default().threshold, 512);
}

#[test]
fn fragments() {
    let fragment_id = Uuid::nil();
    let mut assembler = FragmentAssembler::new();
    let shard = |index: u16, payload: &[u8]| FragmentShard {
        fragment_id,
        total: 2,
        index,
        payload: payload.to_vec(),
    };
    assert!(assembler.push(shard(1, b"world")).unwrap().is_none());
    assert_eq!(assembler.inflight(), 1);
    assembler.enforce_retention(FragmentRetention::default());
    let whole = assembler.push(shard(0, b"hello ")).unwrap();
    assert_eq!(whole.unwrap(), b"hello world");
}

#[test]
fn deltas() {
    let delta: PayloadDelta = compute_delta(4, "old", "new");
    assert_eq!(delta.base_cursor, 4);
    let Some(DeltaOp::Replace { sha, .. }) = delta.ops.first() else {
        panic!("no replacement in {delta:?}");
    };
    let sha = sha.clone();
    match apply_delta(4, "", delta.clone()).unwrap() {
        DeltaApplyResult::Applied {
            sha: applied,
            content,
        } => {
            assert_eq!(applied, sha);
            assert_eq!(content, "new");
        }
        DeltaApplyResult::NeedsFullSync => panic!("the base is right"),
    }
    assert!(apply_delta(5, "", delta).is_err());
}

#[test]
fn signalling() {
    let router = RtcRouter::new();
    let (from, to) = (Uuid::from_u128(1), Uuid::from_u128(2));
    assert!(router.dedup_candidate(from, to, "candidate:1"));
    let batch = vec!["candidate:1".to_string(), "candidate:2".to_string()];
    assert_eq!(router.dedup_batch(from, to, batch), ["candidate:2"]);

    let text = r#"{"type":"turn_credentials","username":"u","credential":"c","ttl_seconds":60}"#;
    let RtcMessage::TurnCredentials(TurnCredential {
        ttl_seconds,
        server,
        ..
    }) = serde_json::from_str(text).unwrap()
    else {
        panic!("not credentials");
    };
    assert_eq!((ttl_seconds, server), (60, None));
}

#[test]
fn assets() {
    let asset = BinaryEnvelope::Pointer {
        mime: "image/png".into(),
        sha256: "00".repeat(32),
        size: 9,
        url: "https://example.org/a.png".into(),
        name: None,
    };
    let text = serde_json::to_string(&asset).unwrap();
    assert!(text.starts_with(r#"{"kind":"pointer","mime":"image/png""#));
    let back: BinaryEnvelope = serde_json::from_str(&text).unwrap();
    assert_eq!(back, asset);
}
