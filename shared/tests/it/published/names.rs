//! Check of every public name of the published crate: signatures, derives, fields and variants, most of it by the
//! compiler.

use std::collections::HashMap;
use std::error::Error;
use std::fmt::{Debug, Display};
use std::hash::Hash;

use push_wire_shared::{
    BinaryEnvelope, BinaryError, BinaryFlags, BinaryFrame, ChannelKind, CompressionConfig,
    CompressionDictionary, DeltaApplyResult, DeltaError, DeltaOp, FRAGMENT_HEADER_LEN,
    FragmentAssembler, FragmentError, FragmentRetention, FragmentShard, Frame, MAGIC_HEADER,
    PayloadDelta, PayloadEncoding, RawPayload, RtcMessage, RtcRouter, SystemOp, TurnCredential,
    VERSION_BYTE, apply_delta, compute_delta, decode_frame, decode_frame_with_dictionaries,
    encode_frame, encode_frame_with_compression, parse_channels, train_dictionary,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::{Price, Topic};

#[test]
fn constants() {
    const MAGIC: [u8; 2] = MAGIC_HEADER;
    const VERSION: u8 = VERSION_BYTE;
    const FRAGMENT_HEADER: usize = FRAGMENT_HEADER_LEN;
    assert_eq!((MAGIC, VERSION, FRAGMENT_HEADER), ([0x52, 0x50], 1, 20));
}

type Encoded = Result<Vec<u8>, BinaryError>;
type Decoded = Result<BinaryFrame<Topic, Price>, BinaryError>;
type Trained = Result<CompressionDictionary, BinaryError>;
type Assembled = Result<Option<Vec<u8>>, FragmentError>;

#[test]
fn functions() {
    let _: fn(&BinaryFrame<Topic, Price>, PayloadEncoding) -> Encoded = encode_frame;
    let _: fn(&BinaryFrame<Topic, Price>, PayloadEncoding, &CompressionConfig) -> Encoded =
        encode_frame_with_compression;
    let _: fn(&[u8], PayloadEncoding) -> Decoded = decode_frame;
    let _: fn(&[u8], PayloadEncoding, &[CompressionDictionary]) -> Decoded =
        decode_frame_with_dictionaries;
    let _: fn(&[&[u8]], usize, u32) -> Trained = train_dictionary;
    let _: fn(u64, &str, &str) -> PayloadDelta = compute_delta;
    let _: fn(u64, &str, PayloadDelta) -> Result<DeltaApplyResult, DeltaError> = apply_delta;
    let _: fn(Option<&str>) -> Vec<Topic> = parse_channels;
}

#[test]
fn methods() {
    let _: fn(BinaryFlags) -> u8 = BinaryFlags::to_byte;
    let _: fn(u8) -> BinaryFlags = BinaryFlags::from_byte;
    let _: fn(u32, Vec<u8>) -> CompressionDictionary = CompressionDictionary::new;
    let _: fn(Topic, RawPayload) -> Frame<Topic> = Frame::new;
    let _: fn(Frame<Topic>, u64) -> Frame<Topic> = Frame::with_cursor;
    let _: fn(Frame<Topic>, Uuid) -> Frame<Topic> = Frame::with_client;
    let _: fn(u64) -> SystemOp<Topic> = SystemOp::auth_ok;
    let _: fn() -> FragmentAssembler = FragmentAssembler::new;
    let _: fn(&mut FragmentAssembler, FragmentShard) -> Assembled = FragmentAssembler::push;
    let _: fn(&FragmentAssembler) -> usize = FragmentAssembler::inflight;
    let _: fn(&mut FragmentAssembler, FragmentRetention) = FragmentAssembler::enforce_retention;
    let _: fn() -> RtcRouter = RtcRouter::new;
    let _: fn(&RtcRouter, Uuid, Uuid, &str) -> bool = RtcRouter::dedup_candidate;
    let _: fn(&RtcRouter, Uuid, Uuid, Vec<String>) -> Vec<String> = RtcRouter::dedup_batch;
}

#[test]
fn methods_of_channels() {
    let _: fn(&Topic) -> u8 = ChannelKind::priority;
    let _: fn(&Topic) -> u8 = ChannelKind::wire_id;
    let _: fn(u8) -> Option<Topic> = ChannelKind::from_wire_id;
    let _: fn(&str) -> Option<Topic> = ChannelKind::from_name;
    let _: fn(&Topic) -> &'static str = ChannelKind::name;
    let _: fn(&Topic) -> bool = ChannelKind::is_system;
    let _: fn() -> &'static [Topic] = ChannelKind::all;
    fn required<C>()
    where
        C: Debug + Clone + Copy + Hash + Eq + Send + Sync + Serialize + DeserializeOwned + 'static,
    {
    }
    fn implied<C: ChannelKind>() {
        required::<C>();
    }
    implied::<Topic>();
}

fn value<T: Debug + Clone + Send + Sync + 'static>() {}
fn on_the_wire<T: Serialize + DeserializeOwned>() {}
fn comparable<T: PartialEq + Eq>() {}
fn error<T: Error + Display + PartialEq + Eq + Send + Sync + 'static>() {}

#[test]
fn derives() {
    value::<BinaryFlags>();
    value::<PayloadEncoding>();
    value::<CompressionConfig>();
    value::<CompressionDictionary>();
    value::<BinaryFrame<Topic, Price>>();
    value::<PayloadDelta>();
    value::<DeltaOp>();
    value::<FragmentShard>();
    value::<FragmentRetention>();
    value::<Frame<Topic>>();
    value::<SystemOp<Topic>>();
    value::<BinaryEnvelope>();
    value::<RtcMessage>();
    value::<TurnCredential>();

    fn copied<T: Copy>() {}
    copied::<BinaryFlags>();
    copied::<PayloadEncoding>();
    copied::<FragmentRetention>();

    fn with_default<T: Default + Debug + Send + Sync>() {}
    with_default::<CompressionConfig>();
    with_default::<FragmentAssembler>();
    with_default::<FragmentRetention>();
    with_default::<RtcRouter>();

    comparable::<BinaryFlags>();
    comparable::<PayloadEncoding>();
    comparable::<CompressionDictionary>();
    comparable::<BinaryFrame<Topic, String>>();
    comparable::<PayloadDelta>();
    comparable::<DeltaOp>();
    comparable::<DeltaApplyResult>();
    comparable::<FragmentShard>();

    on_the_wire::<BinaryFlags>();
    on_the_wire::<FragmentShard>();
    on_the_wire::<Frame<Topic>>();
    on_the_wire::<Frame<Topic, Price>>();
    on_the_wire::<SystemOp<Topic>>();
    on_the_wire::<BinaryEnvelope>();
    on_the_wire::<RtcMessage>();
    on_the_wire::<TurnCredential>();

    error::<BinaryError>();
    error::<DeltaError>();
    error::<FragmentError>();
}

#[test]
fn fields() {
    let BinaryFlags {
        compressed,
        fragmented,
        ack_required,
    } = BinaryFlags::from_byte(0b101);
    assert_eq!((compressed, fragmented, ack_required), (true, false, true));

    let CompressionConfig {
        threshold,
        dictionary,
    } = CompressionConfig::default();
    assert_eq!((threshold, dictionary), (512, None));

    let CompressionDictionary { id, bytes } = CompressionDictionary::new(3, vec![1]);
    assert_eq!((id, bytes), (3, vec![1]));

    let FragmentRetention { max_inflight } = FragmentRetention::default();
    assert_eq!(max_inflight, 1024);

    let payload: RawPayload = Value::Null;
    let Frame {
        channel,
        cursor,
        payload,
        client_id,
        ..
    } = Frame::new(Topic::News, payload);
    assert_eq!(
        (channel, cursor, payload, client_id),
        (Topic::News, None, Value::Null, None)
    );

    let PayloadDelta { base_cursor, ops } = compute_delta(1, "", "");
    assert_eq!((base_cursor, ops), (1, vec![]));
}

/// A program's own list of the errors, which may be longer here.
#[test]
fn errors() {
    let names = [
        BinaryError::InvalidMagic,
        BinaryError::UnsupportedVersion(2),
        BinaryError::UnknownChannel(9),
        BinaryError::Serialization,
        BinaryError::Deserialization,
        BinaryError::FrameTooShort,
        BinaryError::Compression,
        BinaryError::Decompression,
        BinaryError::MissingDictionary(7),
    ];
    let mut texts: Vec<String> = names.iter().map(ToString::to_string).collect();
    let fragments = [
        FragmentError::InvalidSize,
        FragmentError::Duplicate { index: 0, total: 2 },
        FragmentError::TotalMismatch,
    ];
    texts.extend(fragments.iter().map(ToString::to_string));
    texts.push(DeltaError::BaseMismatch.to_string());
    assert!(texts.iter().all(|text| !text.is_empty()));
}

/// Every control op with every field, as a program writes them.
#[test]
fn control_ops() {
    let ops: Vec<(SystemOp<Topic>, &str)> = vec![
        (
            SystemOp::Auth {
                client_id: Uuid::nil(),
                token: Some("t".into()),
                capabilities: vec![Topic::News],
                resume_cursor: Some(1),
                resume_cursors: HashMap::from([(Topic::News, 2)]),
            },
            r#"{"op":"auth","client_id":"00000000-0000-0000-0000-000000000000","token":"t","capabilities":["news"],"resume_cursor":1,"resume_cursors":{"news":2}}"#,
        ),
        (
            SystemOp::AuthOk {
                resume_cursor: 1,
                resume_cursors: HashMap::from([(Topic::News, 2)]),
            },
            r#"{"op":"auth_ok","resume_cursor":1,"resume_cursors":{"news":2}}"#,
        ),
        (
            SystemOp::Error {
                message: "m".into(),
            },
            r#"{"op":"error","message":"m"}"#,
        ),
        (SystemOp::Ping, r#"{"op":"ping"}"#),
        (SystemOp::Pong, r#"{"op":"pong"}"#),
        (
            SystemOp::Slow { window: Some(8) },
            r#"{"op":"slow","window":8}"#,
        ),
        (
            SystemOp::Ack {
                channel: Topic::News,
                cursor: 3,
            },
            r#"{"op":"ack","channel":"news","cursor":3}"#,
        ),
        (
            SystemOp::ResumeRequired {
                channel: Topic::News,
                from_cursor: 3,
            },
            r#"{"op":"resume_required","channel":"news","from_cursor":3}"#,
        ),
        (
            SystemOp::Subscribe {
                channels: vec![Topic::Prices],
            },
            r#"{"op":"subscribe","channels":["prices"]}"#,
        ),
        (
            SystemOp::Unsubscribe {
                channels: vec![Topic::Prices],
            },
            r#"{"op":"unsubscribe","channels":["prices"]}"#,
        ),
        (
            SystemOp::Health {
                status: "ok".into(),
                detail: Some("d".into()),
            },
            r#"{"op":"health","status":"ok","detail":"d"}"#,
        ),
        (
            SystemOp::Features {
                supported: vec!["a".into()],
                requested: vec!["b".into()],
            },
            r#"{"op":"features","supported":["a"],"requested":["b"]}"#,
        ),
        (
            SystemOp::Goodbye {
                reason: Some("r".into()),
            },
            r#"{"op":"goodbye","reason":"r"}"#,
        ),
    ];
    for (op, json) in ops {
        assert_eq!(serde_json::to_string(&op).unwrap(), json);
    }
}

/// Every signalling message with every field, as a program writes and matches them.
#[test]
fn signalling_messages() {
    let (from, to) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let messages = [
        RtcMessage::Offer {
            from,
            to,
            sdp: "o".into(),
            meta: Value::from(1),
        },
        RtcMessage::Answer {
            from,
            to,
            sdp: "a".into(),
            meta: Value::Null,
        },
        RtcMessage::Candidate {
            from,
            to,
            candidate: "c".into(),
        },
        RtcMessage::CandidateBatch {
            from,
            to,
            candidates: vec!["c".into()],
        },
        RtcMessage::Status {
            from,
            to,
            status: "connected".into(),
        },
        RtcMessage::PeerList {
            peers: vec![from, to],
        },
        RtcMessage::PeerDiscovery {
            room: Some("r".into()),
        },
        RtcMessage::TurnCredentials(TurnCredential {
            username: "u".into(),
            credential: "c".into(),
            ttl_seconds: 60,
            server: None,
        }),
    ];
    for message in messages {
        let json = serde_json::to_value(&message).unwrap();
        let tag = match &message {
            RtcMessage::Offer { .. } => "offer",
            RtcMessage::Answer { .. } => "answer",
            RtcMessage::Candidate { .. } => "candidate",
            RtcMessage::CandidateBatch { .. } => "candidate_batch",
            RtcMessage::Status { .. } => "status",
            RtcMessage::PeerList { .. } => "peer_list",
            RtcMessage::PeerDiscovery { .. } => "peer_discovery",
            RtcMessage::TurnCredentials(_) => "turn_credentials",
        };
        assert_eq!(json["type"], tag);
        let back: RtcMessage = serde_json::from_value(json).unwrap();
        assert_eq!(back, message);
    }
}

#[test]
fn assets() {
    let inline = BinaryEnvelope::Inline {
        mime: "text/plain".into(),
        sha256: "00".into(),
        size: 1,
        data_base64: "YQ==".into(),
        name: Some("a.txt".into()),
    };
    let pointer = BinaryEnvelope::Pointer {
        mime: "text/plain".into(),
        sha256: "00".into(),
        size: 1,
        url: "https://example.org".into(),
        name: None,
    };
    assert_eq!(
        serde_json::to_string(&inline).unwrap(),
        r#"{"kind":"inline","mime":"text/plain","sha256":"00","size":1,"data_base64":"YQ==","name":"a.txt"}"#
    );
    // What may be absent stands last: the array of MessagePack is read as it was written.
    for asset in [inline, pointer] {
        let bytes = PayloadEncoding::MessagePack.encode(&asset).unwrap();
        assert_eq!(PayloadEncoding::MessagePack.decode(&bytes), Ok(asset));
    }
}
