//! Tests of JSON text and its conversion to the other encodings.

use proptest::prelude::*;
use push_wire_shared::PayloadEncoding;
use push_wire_shared::encoding::{EncodeError, cbor, json, msgpack};
use push_wire_shared::limits::NESTING;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const BINARY: [PayloadEncoding; 2] = [PayloadEncoding::MessagePack, PayloadEncoding::Cbor];

/// The value, through JSON text and each other encoding.
fn through_all<T: Serialize + DeserializeOwned>(value: &T) -> Vec<T> {
    let text = json::to_vec(value).unwrap();
    let mut read = vec![json::from_slice(&text).unwrap()];
    for encoding in BINARY {
        let transcoded = json::transcode(&text, encoding).unwrap();
        read.push(encoding.decode(&transcoded).unwrap());
        let direct = encoding.encode(value).unwrap();
        read.push(encoding.decode(&direct).unwrap());
    }
    read
}

fn finite() -> impl Strategy<Value = f64> {
    any::<u64>()
        .prop_map(f64::from_bits)
        .prop_filter("JSON has no other", |n| n.is_finite())
}

proptest! {
    #[test]
    fn floats_keep_every_bit(n in finite()) {
        for read in through_all(&n) {
            prop_assert_eq!(read.to_bits(), n.to_bits());
        }
    }

    #[test]
    fn single_floats_keep_every_bit(bits: u32) {
        let n = f32::from_bits(bits);
        prop_assume!(n.is_finite());
        for read in through_all(&n) {
            prop_assert_eq!(read.to_bits(), n.to_bits());
        }
    }

    #[test]
    fn integers_keep_their_value(unsigned: u64, signed: i64, shift in 0_u32..64) {
        let numbers = (unsigned >> shift, signed >> shift);
        for read in through_all(&numbers) {
            prop_assert_eq!(read, numbers);
        }
    }

    #[test]
    fn values_are_the_same_in_every_encoding(value in value()) {
        for read in through_all(&value) {
            prop_assert_eq!(&read, &value);
        }
    }

    #[test]
    fn transcoded_bytes_are_those_of_the_value(value in value()) {
        let text = json::to_vec(&value).unwrap();
        for encoding in BINARY {
            let transcoded = json::transcode(&text, encoding).unwrap();
            prop_assert_eq!(transcoded, encoding.encode(&value).unwrap());
        }
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        finite().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 20, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..20).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..20)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

#[test]
fn numbers_at_their_limits() {
    let floats = [
        0.0,
        -0.0,
        0.999_999_999_999_999_9,
        f64::MIN_POSITIVE,
        5e-324,
        f64::MAX,
        9_007_199_254_740_993.0,
        1e23,
    ];
    for n in floats {
        for read in through_all(&n) {
            assert_eq!(read.to_bits(), n.to_bits(), "{n:e}");
        }
    }
    let integers = (u64::MAX, i64::MIN, (1_u64 << 53) + 1);
    for read in through_all(&integers) {
        assert_eq!(read, integers);
    }
}

#[test]
fn maps_keep_the_order_of_the_text() {
    let text = br#" { "b" : [ ] , "a" : { "c" : -0 } } "#;
    let packed = json::transcode(text, PayloadEncoding::MessagePack).unwrap();
    let minus_zero = (-0.0_f64).to_be_bytes();
    let expected = [&b"\x82\xa1b\x90\xa1a\x81\xa1c\xcb"[..], &minus_zero].concat();
    assert_eq!(packed, expected);
    let cbor = json::transcode(text, PayloadEncoding::Cbor).unwrap();
    assert_eq!(cbor, b"\xa2\x61b\x80\x61a\xa1\x61c\xf9\x80\x00");
}

#[test]
fn inexpressible_values_are_refused() {
    for n in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(json::to_vec(&json_list(n)), Err(EncodeError::NotFinite));
    }
    assert_eq!(json::to_vec(&f32::NAN), Err(EncodeError::NotFinite));
    for n in [i128::from(u64::MAX) + 1, i128::from(i64::MIN) - 1] {
        assert_eq!(json::to_vec(&[n]), Err(EncodeError::IntegerTooWide));
    }
    let nested = (0..=NESTING).fold(json!(null), |inner, _| json!([inner]));
    assert_eq!(json::to_vec(&nested), Err(EncodeError::TooDeep));
}

fn json_list(n: f64) -> impl Serialize {
    ("text", vec![Some((1, n))])
}

#[test]
fn inexpressible_text_is_refused() {
    for text in [
        &b"1e400"[..],
        br#"["\udc00"]"#,
        br#"{"\ud800":1}"#,
        b"\"\xff\"",
        b"\"\x01\"",
        b"nul",
        b"{} {}",
    ] {
        assert!(json::check(text).is_err(), "{text:?}");
        for encoding in BINARY {
            assert!(json::transcode(text, encoding).is_err(), "{text:?}");
        }
    }
    assert!(json::from_slice::<f64>(b"1e400").is_err());
    assert_eq!(json::from_slice::<f64>(b"-1e-400"), Ok(-0.0));
}

#[test]
fn float_texts_of_other_encodings_are_kept() {
    let single = msgpack::to_vec(&0.1_f32).unwrap();
    assert_eq!(msgpack::from_slice::<f64>(&single), Ok(f64::from(0.1_f32)));
    let half = cbor::to_vec(&65504.0_f64).unwrap();
    assert_eq!(half.len(), 3);
    assert_eq!(cbor::from_slice::<f64>(&half), Ok(65504.0));
}
