//! Tests of server ops as bytes: round trips, truncation and arbitrary input.

use alloc::vec;

use proptest::prelude::*;

use super::*;
use crate::limits::{FEATURE_BYTES, FEATURES};
use crate::position::{Epoch, Tag};
use crate::session::op::{Features, Health, Slow};

fn position() -> impl Strategy<Value = Position> {
    any::<(u64, u64, u32)>().prop_map(|(e, cursor, tag)| Position {
        epoch: Epoch(e),
        cursor,
        tag: Tag(tag),
    })
}

fn channel() -> impl Strategy<Value = ChannelInfo> {
    let mode = prop::sample::select(vec![
        ChannelMode::Log,
        ChannelMode::State,
        ChannelMode::System,
    ]);
    (any::<u8>(), ".{0,40}", any::<u8>(), mode).prop_map(|(id, name, priority, mode)| ChannelInfo {
        id,
        name,
        priority,
        mode,
    })
}

fn rejection() -> impl Strategy<Value = RejectedMessage> {
    (any::<u64>(), ".{0,40}", any::<Option<u64>>()).prop_map(|(number, message, retry_ms)| {
        RejectedMessage {
            number,
            code: ErrorCode::NoHandler,
            message,
            retry_ms,
        }
    })
}

fn notice() -> impl Strategy<Value = SystemNotice> {
    let names = || prop::collection::vec(".{0,12}", 0..=FEATURES);
    prop_oneof![
        (".{0,40}", prop::option::of(".{0,40}"))
            .prop_map(|(status, detail)| SystemNotice::Health(Health { status, detail })),
        any::<Option<u32>>().prop_map(|window| SystemNotice::Slow(Slow { window })),
        (names(), names()).prop_map(|(supported, requested)| {
            SystemNotice::Features(Features {
                supported,
                requested,
            })
        }),
    ]
}

fn op() -> impl Strategy<Value = ServerOp> {
    let auth_ok = (
        any::<(u128, [u8; 16], bool, u64, u64, u64)>(),
        prop::collection::vec(rejection(), 0..=REJECTIONS),
        prop::collection::vec(channel(), 0..40),
    )
        .prop_map(|(plain, rejected, channels)| {
            let (id, secret, resumed, received, heartbeat_ms, max_message_bytes) = plain;
            ServerOp::AuthOk(AuthOk {
                client_id: Uuid::from_u128(id),
                secret,
                resumed,
                received,
                rejected,
                heartbeat_ms,
                max_message_bytes,
                encoding: PayloadEncoding::Json,
                channels,
            })
        });
    let reset = (any::<(u32, u64, u64, Option<u64>)>(), position()).prop_map(
        |((id, floor, head, stream), at)| {
            let reason = ResetReason::Expired;
            ServerOp::Reset {
                id,
                reason,
                reading: stream.map(|stream| (stream, at)),
                floor,
                head,
            }
        },
    );
    let heads =
        prop::collection::vec(any::<(u64, u64, u64)>(), 0..40).prop_map(|heads| ServerOp::Ping {
            heads: heads
                .into_iter()
                .map(|(stream, sent, head)| StreamHead { stream, sent, head })
                .collect(),
        });
    prop_oneof![
        auth_ok,
        (any::<(u32, u64, u64)>(), position()).prop_map(|((id, stream, caught_up), position)| {
            ServerOp::Resumed {
                id,
                stream,
                position,
                caught_up,
            }
        }),
        reset,
        any::<(u32, u64, u64, u32)>().prop_map(|(id, count, cursor, tag)| {
            ServerOp::Skipped(Skipped {
                id,
                count,
                cursor,
                tag,
            })
        }),
        (".{0,300}", any::<(Option<u32>, Option<u64>)>()).prop_map(|(message, (id, retry_ms))| {
            ServerOp::Error {
                code: ErrorCode::RateLimited,
                message,
                id,
                retry_ms,
            }
        }),
        any::<u64>().prop_map(|upto| ServerOp::Received { upto }),
        rejection().prop_map(ServerOp::Rejected),
        any::<(u32, u8, [u8; 32], u32)>().prop_map(|(id, channel, sha256, bytes)| {
            ServerOp::Dictionary(DictionaryInfo {
                id,
                channel,
                sha256,
                bytes,
            })
        }),
        heads,
        Just(ServerOp::Pong),
        Just(ServerOp::Renew),
        notice().prop_map(ServerOp::Notice),
        (any::<u16>(), ".{0,40}", any::<Option<u64>>()).prop_map(|(code, message, retry_ms)| {
            ServerOp::Goodbye {
                code,
                message,
                retry_ms,
            }
        }),
    ]
}

proptest! {
    #[test]
    fn every_op_survives_the_wire(op in op()) {
        let mut bytes = vec![];
        op.encode(&mut bytes);
        prop_assert_eq!(ServerOp::decode(&bytes), Ok(op));
    }

    #[test]
    fn a_cut_op_is_an_error(op in op(), cut: prop::sample::Index) {
        let mut bytes = vec![];
        op.encode(&mut bytes);
        let cut = cut.index(bytes.len());
        prop_assert!(ServerOp::decode(&bytes[..cut]).is_err());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        drop(ServerOp::decode(&bytes));
    }
}

#[test]
fn any_optional_field_may_be_absent() {
    let reading = Position::untagged(Epoch(1), 2);
    for present in [false, true] {
        for op in [
            ServerOp::Reset {
                id: 1,
                reason: ResetReason::Expired,
                reading: present.then_some((3, reading)),
                floor: 2,
                head: 9,
            },
            ServerOp::Error {
                code: ErrorCode::BadTopic,
                message: "why".into(),
                id: present.then_some(1),
                retry_ms: present.then_some(5),
            },
            ServerOp::Goodbye {
                code: 4100,
                message: "why".into(),
                retry_ms: present.then_some(5),
            },
        ] {
            let mut bytes = vec![];
            op.encode(&mut bytes);
            assert_eq!(ServerOp::decode(&bytes), Ok(op));
        }
    }
}

#[test]
fn rejected_has_documented_bytes() {
    let refused = |retry_ms| {
        ServerOp::Rejected(RejectedMessage {
            number: 300,
            code: ErrorCode::RateLimited,
            message: "slower".into(),
            retry_ms,
        })
    };
    let fields =
        b"\xa2op\xa8rejected\xa6number\xcd\x01\x2c\xa4code\xacrate_limited\xa7message\xa6slower";
    for (retry_ms, map, last) in [
        (None, 0x84, &b""[..]),
        (Some(1_500), 0x85, b"\xa8retry_ms\xcd\x05\xdc"),
    ] {
        let expected = [&[map], &fields[..], last].concat();
        let mut bytes = vec![];
        refused(retry_ms).encode(&mut bytes);
        assert_eq!(bytes, expected);
        assert_eq!(ServerOp::decode(&expected), Ok(refused(retry_ms)));
    }
}

#[test]
fn texts_are_cut_to_what_receivers_take() {
    let message = "ž".repeat(TEXT_BYTES);
    let error = ServerOp::Error {
        code: ErrorCode::Other,
        message: message.clone(),
        id: None,
        retry_ms: None,
    };
    let goodbye = ServerOp::Goodbye {
        code: 1000,
        message: message.clone(),
        retry_ms: None,
    };
    let rejected = ServerOp::Rejected(RejectedMessage {
        number: 1,
        code: ErrorCode::Refused,
        message,
        retry_ms: None,
    });
    for op in [error, goodbye, rejected] {
        let mut bytes = Vec::new();
        op.encode(&mut bytes);
        let text = match ServerOp::decode(&bytes) {
            Ok(ServerOp::Error { message, .. } | ServerOp::Goodbye { message, .. }) => message,
            Ok(ServerOp::Rejected(rejected)) => rejected.message,
            other => panic!("{other:?}"),
        };
        assert!((TEXT_BYTES - 2..=TEXT_BYTES).contains(&text.len()));
    }
}

/// Checks that the largest notice of each kind is below the smallest limit of a client.
#[test]
fn notices_fit_into_smallest_message() {
    let name = "x".repeat(FEATURE_BYTES);
    let text = "x".repeat(2 * TEXT_BYTES);
    let names = vec![name; FEATURES];
    let features = Features {
        supported: names.clone(),
        requested: names,
    };
    assert!(features.are_within_limits());
    let health = Health {
        status: text.clone(),
        detail: Some(text),
    };
    for notice in [
        SystemNotice::Features(features),
        SystemNotice::Health(health),
    ] {
        let mut bytes = vec![];
        ServerOp::Notice(notice).encode(&mut bytes);
        assert!(bytes.len() < 4_000, "{}", bytes.len());
        assert!(ServerOp::decode(&bytes).is_ok());
    }
}

#[test]
fn debug_has_no_secret() {
    let answer = AuthOk {
        client_id: Uuid::from_u128(7),
        secret: [201; 16],
        resumed: true,
        received: 5,
        rejected: Vec::new(),
        heartbeat_ms: 1,
        max_message_bytes: 2,
        encoding: PayloadEncoding::Json,
        channels: Vec::new(),
    };
    let text = std::format!("{:?}", ServerOp::AuthOk(answer));
    assert!(text.contains("secret: (hidden)"), "{text}");
    assert!(!text.contains("201"), "{text}");
}
