//! Tests of client ops as bytes: round trips, truncation and arbitrary input.

use alloc::string::ToString;
use alloc::vec;

use proptest::prelude::*;

use super::*;
use crate::encoding::msgpack;
use crate::limits::{OP_FIELDS, QUOTE_BYTES};
use crate::position::{Epoch, Tag};

fn subscribe() -> impl Strategy<Value = Subscribe> + Clone {
    let scope = prop_oneof![
        Just(ScopeRequest::Channel),
        Just(ScopeRequest::Inbox),
        ".{1,40}".prop_map(ScopeRequest::Topic),
    ];
    let position = proptest::option::of(any::<(u64, u64, u32)>());
    (any::<u32>(), ".{0,40}", scope, position, any::<bool>()).prop_map(
        |(id, channel, scope, position, newest)| Subscribe {
            id,
            channel,
            scope,
            position: position.map(|(e, cursor, tag)| Position {
                epoch: Epoch(e),
                cursor,
                tag: Tag(tag),
            }),
            start: if newest {
                StartAt::Newest
            } else {
                StartAt::Oldest
            },
        },
    )
}

fn op() -> impl Strategy<Value = ClientOp> {
    let subscriptions = proptest::collection::vec(subscribe(), 0..40);
    let auth = (
        any::<u128>(),
        proptest::option::of(".{0,300}"),
        proptest::option::of(any::<[u8; 16]>()),
        any::<Option<u64>>(),
        any::<[bool; 3]>(),
        any::<(u64, u64)>(),
        subscriptions.clone(),
    );
    prop_oneof![
        auth.prop_map(
            |(id, token, secret, attempt, flags, limits, subscriptions)| ClientOp::Auth(Auth {
                client_id: Uuid::from_u128(id),
                token,
                secret,
                attempt,
                encoding: PayloadEncoding::MessagePack,
                zstd: flags[0],
                skips: flags[1],
                renews: flags[2],
                max_message_bytes: limits.0,
                max_value_bytes: limits.1,
                subscriptions,
            })
        ),
        subscriptions.prop_map(ClientOp::Subscribe),
        proptest::collection::vec(any::<u32>(), 0..200).prop_map(ClientOp::Unsubscribe),
        proptest::collection::vec(any::<(u32, u64)>(), 0..200).prop_map(ClientOp::Ack),
        any::<u32>().prop_map(ClientOp::Whole),
        proptest::collection::vec(any::<u32>(), 0..=DICTIONARIES).prop_map(ClientOp::Have),
        ".{0,300}".prop_map(|token| ClientOp::Token(Hidden(token))),
        Just(ClientOp::Ping),
        Just(ClientOp::Pong),
        Just(ClientOp::Goodbye),
    ]
}

proptest! {
    #[test]
    fn every_op_survives_the_wire(op in op()) {
        let mut bytes = vec![];
        op.encode(&mut bytes);
        prop_assert_eq!(ClientOp::decode(&bytes), Ok(op));
    }

    #[test]
    fn a_cut_op_is_an_error(op in op(), cut: prop::sample::Index) {
        let mut bytes = vec![];
        op.encode(&mut bytes);
        let cut = cut.index(bytes.len());
        prop_assert!(ClientOp::decode(&bytes[..cut]).is_err());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        drop(ClientOp::decode(&bytes));
    }
}

#[test]
fn any_optional_field_may_be_absent() {
    let position = Position::untagged(Epoch(1), 2);
    for present in 0..16_u32 {
        let has = |bit: u32| present & 1 << bit != 0;
        let subscription = Subscribe {
            id: 3,
            channel: "chat".into(),
            scope: if has(0) {
                ScopeRequest::Topic("lobby".into())
            } else {
                ScopeRequest::Channel
            },
            position: has(3).then_some(position),
            start: StartAt::Oldest,
        };
        let op = ClientOp::Auth(Auth {
            token: has(0).then(|| "token".into()),
            secret: has(1).then_some([1; 16]),
            attempt: has(2).then_some(4),
            encoding: PayloadEncoding::Json,
            zstd: has(0) != has(1),
            skips: has(1) != has(2),
            renews: has(2) != has(3),
            subscriptions: if present == 0 {
                vec![]
            } else {
                vec![subscription]
            },
            ..Auth::new(Uuid::nil())
        });
        let mut bytes = vec![];
        op.encode(&mut bytes);
        assert_eq!(ClientOp::decode(&bytes), Ok(op), "{present:#06b}");
    }
}

#[test]
fn errors_name_the_op_and_the_field() {
    let missing = b"\x81\xa2op\xa4auth";
    let error = ClientOp::decode(missing).unwrap_err().to_string();
    assert!(
        error.contains("auth") && error.contains("client_id"),
        "{error}"
    );
    assert_eq!(
        ClientOp::decode(b"\x81\xa2op\xa3fly"),
        Err(OpError::Unknown("fly".into()))
    );
    assert!(matches!(
        ClientOp::decode(b"\x81\xa2op\xa4ping\x00"),
        Err(OpError::Invalid { op: "ping", .. })
    ));
    assert!(matches!(
        ClientOp::decode(b"\x92\xa2op\xa4ping"),
        Err(OpError::Malformed(_))
    ));
}

#[test]
fn unknown_names_are_quoted_short() {
    let long = "fly".repeat(1_000);
    let mut bytes = vec![];
    #[derive(Serialize)]
    struct Op<'a> {
        op: &'a str,
    }
    msgpack::write_named(&mut bytes, &Op { op: &long }).unwrap();
    let Err(OpError::Unknown(quoted)) = ClientOp::decode(&bytes) else {
        panic!("taken");
    };
    assert!(
        quoted.starts_with("flyfly") && quoted.len() <= QUOTE_BYTES,
        "{quoted}"
    );

    #[derive(Serialize)]
    struct Encoded<'a> {
        op: &'a str,
        client_id: Uuid,
        encoding: &'a str,
    }
    let auth = Encoded {
        op: "auth",
        client_id: Uuid::nil(),
        encoding: &long,
    };
    let mut bytes = vec![];
    msgpack::write_named(&mut bytes, &auth).unwrap();
    let error = ClientOp::decode(&bytes).unwrap_err().to_string();
    assert!(
        error.contains("unknown encoding fly") && error.len() < 2 * QUOTE_BYTES,
        "{error}"
    );
}

#[test]
fn lists_are_refused_above_their_bound() {
    let most = u32::try_from(SUBSCRIPTIONS).unwrap();
    for (ids, is_taken) in [(0..most, true), (0..most + 1, false)] {
        let mut bytes = vec![];
        ClientOp::Unsubscribe(ids.collect()).encode(&mut bytes);
        assert_eq!(ClientOp::decode(&bytes).is_ok(), is_taken);
    }
}

#[test]
fn limits_have_defaults() {
    let mut bytes = vec![];
    let mut short = Auth::new(Uuid::nil());
    short.max_message_bytes = 8_192;
    ClientOp::Auth(short.clone()).encode(&mut bytes);
    assert_eq!(ClientOp::decode(&bytes), Ok(ClientOp::Auth(short)));
    // As an earlier client writes it.
    let plain = b"\x82\xa2op\xa4auth\xa9client_id\xc4\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let plain = ClientOp::decode(plain);
    assert_eq!(plain, Ok(ClientOp::Auth(Auth::new(Uuid::nil()))));
}

#[test]
fn skips_unknown_fields() {
    let later = b"\x82\xa2op\xa4ping\xa4mood\x92\x01\xa2ok";
    assert_eq!(ClientOp::decode(later), Ok(ClientOp::Ping));
}

/// An `op` map of these MessagePack keys and values, `ping` first.
fn ping_with(pairs: &[(&str, u32)]) -> Vec<u8> {
    let mut bytes = vec![];
    msgpack::token::write_map(&mut bytes, 1 + pairs.len());
    msgpack::token::write_str(&mut bytes, "op");
    msgpack::token::write_str(&mut bytes, "ping");
    for &(key, value) in pairs {
        msgpack::token::write_str(&mut bytes, key);
        msgpack::token::write_uint(&mut bytes, value.into());
    }
    bytes
}

#[test]
fn a_key_that_comes_twice_is_an_error() {
    for pairs in [&[("op", 1)][..], &[("new", 1), ("new", 1)]] {
        let error = ClientOp::decode(&ping_with(pairs)).unwrap_err();
        assert!(matches!(error, OpError::Repeated(_)), "{error}");
    }
    assert_eq!(
        ClientOp::decode(&ping_with(&[("new", 1), ("newer", 1)])),
        Ok(ClientOp::Ping)
    );
}

#[test]
fn an_op_has_a_bounded_number_of_fields() {
    let keys: Vec<String> = (0..OP_FIELDS).map(|n| n.to_string()).collect();
    let pairs: Vec<(&str, u32)> = keys.iter().map(|key| (key.as_str(), 0)).collect();
    assert_eq!(
        ClientOp::decode(&ping_with(&pairs[1..])),
        Ok(ClientOp::Ping)
    );
    let error = ClientOp::decode(&ping_with(&pairs)).unwrap_err();
    assert_eq!(error, OpError::TooManyFields(OP_FIELDS + 1));
}

#[test]
fn half_a_position_is_an_error() {
    for half in [("epoch", 1), ("cursor", 1), ("tag", 1)] {
        let mut item = vec![];
        msgpack::token::write_map(&mut item, 3);
        msgpack::token::write_str(&mut item, "id");
        msgpack::token::write_uint(&mut item, 1);
        msgpack::token::write_str(&mut item, "channel");
        msgpack::token::write_str(&mut item, "chat");
        msgpack::token::write_str(&mut item, half.0);
        msgpack::token::write_uint(&mut item, half.1);
        let mut bytes = vec![];
        msgpack::token::write_map(&mut bytes, 2);
        msgpack::token::write_str(&mut bytes, "op");
        msgpack::token::write_str(&mut bytes, "subscribe");
        msgpack::token::write_str(&mut bytes, "subscribe");
        msgpack::token::write_array(&mut bytes, 1);
        bytes.extend(item);
        let error = ClientOp::decode(&bytes).unwrap_err();
        assert!(error.to_string().contains("a position is"), "{error}");
    }
}

#[test]
fn debug_has_no_secrets() {
    let auth = Auth {
        token: Some("a+token".into()),
        secret: Some([201; 16]),
        ..Auth::new(Uuid::from_u128(7))
    };
    let ops = [ClientOp::Auth(auth), ClientOp::Token("a+token".into())];
    let text = std::format!("{ops:?}");
    assert!(text.contains("Some((hidden))"), "{text}");
    assert!(!text.contains("a+token") && !text.contains("201"), "{text}");
}
