//! Tests with the cases of the npm package msgpack-test-suite.

use push_wire_shared::encoding::{json, msgpack};
use serde_json::Value;

const CASES: &str = include_str!("msgpack_vectors.txt");

/// Kind, value as JSON, encodings.
type Case = (&'static str, &'static str, Vec<Vec<u8>>);

fn cases(kinds: &[&str]) -> Vec<Case> {
    let lines = CASES.lines().filter(|line| !line.starts_with('#'));
    let cases = lines.map(|line| {
        let mut columns = line.split('\t');
        let mut column = || columns.next().unwrap();
        let (kind, value, encodings) = (column(), column(), column());
        let encodings = encodings.split(' ').map(|hex| hex::decode(hex).unwrap());
        (kind, value, encodings.collect())
    });
    let cases: Vec<Case> = cases.filter(|(kind, ..)| kinds.contains(kind)).collect();
    assert!(!cases.is_empty());
    cases
}

fn is_float(encoding: &[u8]) -> bool {
    matches!(encoding[0], 0xca | 0xcb)
}

#[test]
fn values_are_read_and_written() {
    for (_, text, encodings) in cases(&["nil", "bool", "string", "array", "map"]) {
        let value: Value = json::from_slice(text.as_bytes()).unwrap();
        for encoding in &encodings {
            assert_eq!(msgpack::from_slice(encoding).as_ref(), Ok(&value), "{text}");
        }
        assert_eq!(
            msgpack::to_vec(&value).as_ref(),
            Ok(&encodings[0]),
            "{text}"
        );
    }
}

#[test]
fn numbers_are_read_and_written() {
    for (_, text, encodings) in cases(&["number", "bignum"]) {
        let text = text.trim_matches('"');
        let integer: Option<i128> = text.parse().ok();
        let number: f64 = text.parse().unwrap();
        for encoding in &encodings {
            if is_float(encoding) {
                assert_eq!(msgpack::from_slice(encoding), Ok(number), "{text}");
            } else {
                assert_eq!(msgpack::from_slice(encoding).ok(), integer, "{text}");
            }
        }
        let value: Value = json::from_slice(text.as_bytes()).unwrap();
        let written = msgpack::to_vec(&value).unwrap();
        assert!(encodings.contains(&written), "{text}");
        let integers = encodings.iter().filter(|encoding| !is_float(encoding));
        if let Some(shortest) = integers.map(Vec::len).min() {
            assert_eq!(written.len(), shortest, "{text}");
        }
    }
}

#[test]
fn bytes_are_read() {
    for (_, text, encodings) in cases(&["binary"]) {
        let bytes = hex::decode(text.replace(['"', '-'], "")).unwrap();
        for encoding in &encodings {
            assert_eq!(msgpack::from_slice(encoding).as_ref(), Ok(&bytes), "{text}");
        }
    }
}

#[test]
fn timestamps_are_read_as_text() {
    let seconds = |seconds: i64| match seconds {
        -62_167_219_200 => "0000-01-01T00:00:00",
        -2_208_988_801 => "1899-12-31T23:59:59",
        -2_208_988_800 => "1900-01-01T00:00:00",
        -1 => "1969-12-31T23:59:59",
        0 => "1970-01-01T00:00:00",
        1 => "1970-01-01T00:00:01",
        1_514_862_245 => "2018-01-02T03:04:05",
        2_147_483_647 => "2038-01-19T03:14:07",
        2_147_483_648 => "2038-01-19T03:14:08",
        4_294_967_295 => "2106-02-07T06:28:15",
        4_294_967_296 => "2106-02-07T06:28:16",
        17_179_869_183 => "2514-05-30T01:53:03",
        17_179_869_184 => "2514-05-30T01:53:04",
        253_402_300_799 => "9999-12-31T23:59:59",
        other => panic!("no text for {other}"),
    };
    for (_, value, encodings) in cases(&["timestamp"]) {
        let (whole, nanos): (i64, u32) = json::from_slice(value.as_bytes()).unwrap();
        let fraction = if nanos == 0 {
            "000".into()
        } else {
            format!("{nanos:09}")
        };
        let text = format!("{}.{fraction}Z", seconds(whole));
        for encoding in &encodings {
            assert_eq!(msgpack::from_slice(encoding), Ok(text.clone()), "{value}");
            let value = Value::from(text.clone());
            assert_eq!(msgpack::from_slice(encoding), Ok(value));
            let optional = msgpack::from_slice::<Option<String>>(encoding);
            assert_eq!(optional, Ok(Some(text.clone())));
        }
    }
}

#[test]
fn other_extension_types_are_errors() {
    for (_, value, encodings) in cases(&["ext"]) {
        for encoding in &encodings {
            let error = msgpack::from_slice::<Value>(encoding).unwrap_err();
            assert!(
                error.to_string().contains("extension types"),
                "{value}: {error}"
            );
        }
    }
    for cut in [
        &[0xd6_u8, 0xff, 0, 0, 0][..],
        &[0xc7, 12, 0xff, 0],
        &[0xc7],
        &[0xc7, 4],
    ] {
        assert!(msgpack::from_slice::<Value>(cut).is_err());
    }
    let thirteen_bytes = [&[0xc7, 13, 0xff][..], &[0; 13]].concat();
    assert!(msgpack::from_slice::<Value>(&thirteen_bytes).is_err());
}
