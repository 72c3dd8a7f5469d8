//! Property tests of the encodings: round trips of any value, and decoding of any bytes.

use std::collections::BTreeMap;

use proptest::prelude::*;
use push_wire_shared::encoding::{DecodeError, EncodeError, PayloadEncoding, cbor, msgpack};
use push_wire_shared::limits::NESTING;
use serde::{Deserialize, Serialize};
use serde_json::Value;

const ENCODINGS: [PayloadEncoding; 3] = [
    PayloadEncoding::MessagePack,
    PayloadEncoding::Cbor,
    PayloadEncoding::Json,
];

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
enum Event {
    Opened,
    Said(String),
    Moved { x: i64, y: u64, by: Option<char> },
    Scores(u8, Vec<i16>),
}

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
struct Report {
    events: Vec<Event>,
    by_name: BTreeMap<String, Option<bool>>,
    rest: (),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::Opened),
        any::<String>().prop_map(Event::Said),
        any::<(i64, u64, Option<char>)>().prop_map(|(x, y, by)| Event::Moved { x, y, by }),
        (any::<u8>(), prop::collection::vec(any::<i16>(), 0..20))
            .prop_map(|(a, b)| Event::Scores(a, b)),
    ]
}

fn report() -> impl Strategy<Value = Report> {
    let events = prop::collection::vec(event(), 0..6);
    let by_name = prop::collection::btree_map(any::<String>(), any::<Option<bool>>(), 0..6);
    (events, by_name).prop_map(|(events, by_name)| Report {
        events,
        by_name,
        rest: (),
    })
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        // Finite, and short enough that JSON's text is exact.
        any::<i32>().prop_map(|n| Value::from(f64::from(n) / 8.0)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn typed_values_survive(report in report()) {
        for encoding in ENCODINGS {
            let bytes = encoding.encode(&report).unwrap();
            let decoded: Result<Report, _> = encoding.decode(&bytes);
            prop_assert_eq!(decoded.as_ref(), Ok(&report), "{:?}", encoding);
        }
    }

    #[test]
    fn documents_survive(document in document()) {
        for encoding in ENCODINGS {
            let bytes = encoding.encode(&document).unwrap();
            let decoded: Result<Value, _> = encoding.decode(&bytes);
            prop_assert_eq!(decoded.as_ref(), Ok(&document), "{:?}", encoding);
        }
    }

    #[test]
    fn a_cut_value_is_an_error(report in report(), at: prop::sample::Index) {
        for encoding in ENCODINGS {
            let bytes = encoding.encode(&report).unwrap();
            prop_assert!(encoding.decode::<Report>(&bytes[..at.index(bytes.len())]).is_err());
        }
    }

    #[test]
    fn changed_bytes_are_read_or_refused(
        report in report(), at: prop::sample::Index, byte: u8, tail: Vec<u8>,
    ) {
        for encoding in ENCODINGS {
            let mut bytes = encoding.encode(&report).unwrap();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Ok(value) = encoding.decode::<Value>(&bytes) {
                prop_assert!(encoding.encode(&value).is_ok());
            }
            bytes.truncate(at);
            bytes.extend_from_slice(&tail);
            if let Ok(report) = encoding.decode::<Report>(&bytes) {
                prop_assert!(encoding.encode(&report).is_ok());
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        for encoding in ENCODINGS {
            if let Ok(value) = encoding.decode::<Value>(&bytes) {
                prop_assert!(encoding.encode(&value).is_ok());
            }
        }
    }
}

/// A list in a list in a list …
fn nested(levels: usize) -> Value {
    (0..levels).fold(Value::Null, |inner, _| Value::from(vec![inner]))
}

#[test]
fn nesting_ends_at_the_limit() {
    for encoding in ENCODINGS {
        let deepest = nested(NESTING);
        let bytes = encoding.encode(&deepest).unwrap();
        assert_eq!(encoding.decode::<Value>(&bytes), Ok(deepest));
    }
    let too_deep = nested(NESTING + 1);
    assert_eq!(msgpack::to_vec(&too_deep), Err(EncodeError::TooDeep));
    assert_eq!(cbor::to_vec(&too_deep), Err(EncodeError::TooDeep));
}

#[test]
fn refuses_endless_nesting() {
    let at = NESTING;
    for (encoding, byte, after) in [
        (PayloadEncoding::MessagePack, 0x91, 1),
        (PayloadEncoding::Cbor, 0x81, 1),
        (PayloadEncoding::Cbor, 0x9f, 1),
        (PayloadEncoding::Json, b'[', 0),
    ] {
        let bytes = vec![byte; 1_000_000];
        assert_eq!(
            encoding.decode::<Value>(&bytes),
            Err(DecodeError::TooDeep { at: at + after }),
            "{encoding:?}"
        );
    }
}

#[test]
fn tags_are_stepped_over_however_many() {
    let mut bytes = vec![0xc1; 1_000_000];
    bytes.push(7);
    assert_eq!(cbor::from_slice(&bytes), Ok(7));
}

#[test]
fn announced_lengths_cost_nothing() {
    for bytes in [
        &[0xdd, 0xff, 0xff, 0xff, 0xff][..],
        &[0xdf, 0x7f, 0xff, 0xff, 0xff, 0],
        &[0xc6, 0xff, 0xff, 0xff, 0xff],
        &[0xdb, 0xff, 0xff, 0xff, 0xff],
    ] {
        assert!(msgpack::from_slice::<Value>(bytes).is_err());
    }
    for major in [0x5b, 0x7b, 0x9b, 0xbb] {
        let bytes = [&[major][..], &[0xff; 8], &[0; 3]].concat();
        assert!(cbor::from_slice::<Value>(&bytes).is_err());
    }
}

#[test]
fn nothing_follows_a_value() {
    for encoding in ENCODINGS {
        let mut bytes = encoding.encode(&7).unwrap();
        bytes.push(0);
        assert!(encoding.decode::<u8>(&bytes).is_err(), "{encoding:?}");
    }
    assert_eq!(
        msgpack::from_slice::<u8>(&[7, 0]),
        Err(DecodeError::TrailingBytes { at: 1 })
    );
}

#[test]
fn errors_say_what_and_where() {
    let says = |encoding: PayloadEncoding, bytes: &[u8], text: &str| {
        let error = encoding.decode::<(u8, bool)>(bytes).unwrap_err();
        assert_eq!(error.to_string(), text);
    };
    says(
        PayloadEncoding::MessagePack,
        &[0x92, 1, 0xc1],
        "expected a value without extension types other than a timestamp at byte 2",
    );
    says(
        PayloadEncoding::MessagePack,
        &[0x92, 1, 5],
        "invalid type: integer `5`, expected a boolean, up to byte 3",
    );
    says(
        PayloadEncoding::MessagePack,
        &[0x93, 1, 0xc2, 0],
        "expected fewer items in the list or map before at byte 3",
    );
    says(
        PayloadEncoding::Cbor,
        &[0x82, 1, 0xf8, 0],
        "expected a value of a known kind at byte 2",
    );
    says(
        PayloadEncoding::Cbor,
        &[0x82, 0x19, 1],
        "expected more bytes at byte 2",
    );
    says(
        PayloadEncoding::Json,
        b"[1,\n  7]",
        "invalid type: integer `7`, expected a boolean at line 2 column 3, up to byte 7",
    );
}

/// A cut value is an error at the same byte, whether its type is requested or found from the bytes.
#[test]
fn error_offset_is_the_same_for_every_type() {
    fn place<T: for<'de> Deserialize<'de>>(encoding: PayloadEncoding, bytes: &[u8]) -> String {
        match encoding.decode::<T>(bytes) {
            Err(error) => error.to_string(),
            Ok(_) => panic!("{bytes:02x?} is no value"),
        }
    }
    for (encoding, bytes) in [
        (PayloadEncoding::MessagePack, &[0xcd, 1][..]),
        (PayloadEncoding::MessagePack, &[0xd1, 1]),
        (PayloadEncoding::MessagePack, &[0xcb, 1, 2]),
        (PayloadEncoding::MessagePack, &[0xa2, b'a']),
        (PayloadEncoding::MessagePack, &[0xda, 1]),
        (PayloadEncoding::Cbor, &[0x19, 1]),
        (PayloadEncoding::Cbor, &[0x39, 1]),
        (PayloadEncoding::Cbor, &[0xfb, 1, 2]),
        (PayloadEncoding::Cbor, &[0x62, b'a']),
        (PayloadEncoding::Cbor, &[0x98]),
    ] {
        for found in [
            place::<Value>(encoding, bytes),
            place::<bool>(encoding, bytes),
            place::<u16>(encoding, bytes),
            place::<i64>(encoding, bytes),
            place::<f32>(encoding, bytes),
            place::<f64>(encoding, bytes),
            place::<String>(encoding, bytes),
            place::<Vec<u8>>(encoding, bytes),
        ] {
            assert_eq!(found, "expected more bytes at byte 1", "{bytes:02x?}");
        }
    }
}

#[test]
fn structs_are_read_from_maps_and_lists() {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Point {
        x: u8,
        y: Option<u8>,
    }
    let point = Point { x: 1, y: None };
    let as_map = [0x82, 0xa1, b'x', 1, 0xa1, b'y', 0xc0];
    assert_eq!(msgpack::from_slice::<Point>(&as_map).as_ref(), Ok(&point));
    let short_map = [0x81, 0xa1, b'x', 1];
    assert_eq!(
        msgpack::from_slice::<Point>(&short_map).as_ref(),
        Ok(&point)
    );
    let as_list = [0x82, 1, 0xf6];
    assert_eq!(cbor::from_slice::<Point>(&as_list).as_ref(), Ok(&point));
}

#[test]
fn reads_indefinite_cbor() {
    let list = [0x9f, 1, 2, 0xff];
    assert_eq!(cbor::from_slice(&list), Ok(vec![1, 2]));
    let text = [0x7f, 0x61, b'a', 0x62, b'b', b'c', 0xff];
    assert_eq!(cbor::from_slice(&text), Ok("abc".to_string()));
    let bytes = [0x5f, 0x41, 1, 0x42, 2, 3, 0xff];
    assert_eq!(cbor::from_slice(&bytes), Ok(vec![1_u8, 2, 3]));
    let piece_of_another_type = [0x7f, 0x41, b'a', 0xff];
    assert!(cbor::from_slice::<String>(&piece_of_another_type).is_err());
    let endless = [0x7f, 0x61, b'a'];
    assert!(cbor::from_slice::<String>(&endless).is_err());
    let end_without_beginning = [0x82, 1, 0xff];
    assert!(cbor::from_slice::<Vec<u8>>(&end_without_beginning).is_err());
}

#[test]
fn integers_of_128_bits() {
    for n in [i128::MIN, -1, 0, i128::MAX] {
        assert_eq!(msgpack::from_slice(&msgpack::to_vec(&n).unwrap()), Ok(n));
        assert_eq!(
            msgpack::from_slice(&msgpack::to_vec(&n.cast_unsigned()).unwrap()),
            Ok(n.cast_unsigned())
        );
    }
    let lowest = -i128::from(u64::MAX) - 1;
    for n in [lowest, -1, 0, i128::from(u64::MAX)] {
        assert_eq!(cbor::from_slice(&cbor::to_vec(&n).unwrap()), Ok(n));
    }
    assert_eq!(
        cbor::to_vec(&(lowest - 1)),
        Err(EncodeError::IntegerTooWide)
    );
    assert_eq!(cbor::to_vec(&u128::MAX), Err(EncodeError::IntegerTooWide));
}
