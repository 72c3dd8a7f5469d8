//! Tests with the examples of RFC 8949, appendices A and F.

use push_wire_shared::encoding::{cbor, json};
use serde::de::IgnoredAny;
use serde_json::Value;

/// Encoded item and its value in JSON.
const APPENDIX_A: &[(&str, &str)] = &[
    ("00", "0"),
    ("01", "1"),
    ("0a", "10"),
    ("17", "23"),
    ("1818", "24"),
    ("1819", "25"),
    ("1864", "100"),
    ("1903e8", "1000"),
    ("1a000f4240", "1000000"),
    ("1b000000e8d4a51000", "1000000000000"),
    ("1bffffffffffffffff", "18446744073709551615"),
    ("20", "-1"),
    ("29", "-10"),
    ("3863", "-100"),
    ("3903e7", "-1000"),
    ("f90000", "0.0"),
    ("f98000", "-0.0"),
    ("f93c00", "1.0"),
    ("fb3ff199999999999a", "1.1"),
    ("f93e00", "1.5"),
    ("f97bff", "65504.0"),
    ("fa47c35000", "100000.0"),
    ("fa7f7fffff", "3.4028234663852886e+38"),
    ("fb7e37e43c8800759c", "1.0e+300"),
    ("f90001", "5.960464477539063e-8"),
    ("f90400", "0.00006103515625"),
    ("f9c400", "-4.0"),
    ("fbc010666666666666", "-4.1"),
    ("f4", "false"),
    ("f5", "true"),
    ("f6", "null"),
    ("60", r#""""#),
    ("6161", r#""a""#),
    ("6449455446", r#""IETF""#),
    ("62225c", r#""\"\\""#),
    ("62c3bc", r#""\u00fc""#),
    ("63e6b0b4", r#""\u6c34""#),
    ("64f0908591", r#""\ud800\udd51""#),
    ("80", "[]"),
    ("83010203", "[1,2,3]"),
    ("8301820203820405", "[1,[2,3],[4,5]]"),
    (
        "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
        "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25]",
    ),
    ("a0", "{}"),
    ("a26161016162820203", r#"{"a":1,"b":[2,3]}"#),
    ("826161a161626163", r#"["a",{"b":"c"}]"#),
    (
        "a56161614161626142616361436164614461656145",
        r#"{"a":"A","b":"B","c":"C","d":"D","e":"E"}"#,
    ),
];

/// The same, of items that are not written in the preferred form: they are only read.
const ONLY_READ: &[(&str, &str)] = &[
    ("f7", "null"),
    (
        "c074323031332d30332d32315432303a30343a30305a",
        r#""2013-03-21T20:04:00Z""#,
    ),
    ("c11a514b67b0", "1363896240"),
    ("c1fb41d452d9ec200000", "1363896240.5"),
    (
        "d82076687474703a2f2f7777772e6578616d706c652e636f6d",
        r#""http://www.example.com""#,
    ),
    ("7f657374726561646d696e67ff", r#""streaming""#),
    ("9fff", "[]"),
    ("9f018202039f0405ffff", "[1,[2,3],[4,5]]"),
    ("9f01820203820405ff", "[1,[2,3],[4,5]]"),
    ("83018202039f0405ff", "[1,[2,3],[4,5]]"),
    ("83019f0203ff820405", "[1,[2,3],[4,5]]"),
    (
        "9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff",
        "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25]",
    ),
    ("bf61610161629f0203ffff", r#"{"a":1,"b":[2,3]}"#),
    ("826161bf61626163ff", r#"["a",{"b":"c"}]"#),
    ("bf6346756ef563416d7421ff", r#"{"Fun":true,"Amt":-2}"#),
];

/// Well-formed items without a value in JSON.
const NO_JSON: &[&str] = &[
    "c249010000000000000000",
    "3bffffffffffffffff",
    "c349010000000000000000",
    "d74401020304",
    "d818456449455446",
    "40",
    "4401020304",
    "5f42010243030405ff",
    "a201020304",
    "f0",
    "f8ff",
];

/// Items that are not well-formed, one group of the standard to a line or two.
const APPENDIX_F: &str = "
    18 19 1a 1b 1901 1a0102 1b01020304050607 38 58 78 98 9a01ff00 b8 d8 f8 f900 fa0000 fb000000
    41 61 5affffffff00 5bffffffffffffffff010203 7affffffff00 7b7fffffffffffffff010203
    81 818181818181818181 8200 a1 a20102 a100 a2000000
    c0
    5f4100 7f6100
    9f 9f0102 bf bf01020102 819f 9f8000 9f9f9f9f9fffffffff 9f819f819f9fffffff
    1c 1d 1e 3c 3d 3e 5c 5d 5e 7c 7d 7e 9c 9d 9e bc bd be dc dd de fc fd fe
    f800 f801 f818 f81f
    5f00ff 5f21ff 5f6100ff 5f80ff 5fa0ff 5fc000ff 5fe0ff 7f4100ff
    5f5f4100ffff 7f7f6100ffff
    ff
    81ff 8200ff a1ff a1ff00 a100ff a20000ff 9f81ff 9f829f819f9fffffffff
    bf00ff bf000000ff
    1f 3f df";

fn bytes(hex: &str) -> Vec<u8> {
    hex::decode(hex).unwrap()
}

fn value(text: &str) -> Value {
    json::from_slice(text.as_bytes()).unwrap()
}

#[test]
fn appendix_a_is_read_and_written() {
    for (hex, text) in APPENDIX_A {
        assert_eq!(cbor::from_slice(&bytes(hex)), Ok(value(text)), "{hex}");
        assert_eq!(cbor::to_vec(&value(text)), Ok(bytes(hex)), "{text}");
    }
}

#[test]
fn appendix_a_in_other_forms_is_read() {
    for (hex, text) in ONLY_READ {
        assert_eq!(cbor::from_slice(&bytes(hex)), Ok(value(text)), "{hex}");
    }
    for (hex, expected) in [
        ("f97c00", f64::INFINITY),
        ("f9fc00", f64::NEG_INFINITY),
        ("fa7f800000", f64::INFINITY),
        ("faff800000", f64::NEG_INFINITY),
        ("fb7ff0000000000000", f64::INFINITY),
        ("fbfff0000000000000", f64::NEG_INFINITY),
    ] {
        assert_eq!(cbor::from_slice(&bytes(hex)), Ok(expected), "{hex}");
    }
    for hex in ["f97e00", "fa7fc00000", "fb7ff8000000000000"] {
        let n: f64 = cbor::from_slice(&bytes(hex)).unwrap();
        assert!(n.is_nan(), "{hex}");
    }
}

#[test]
fn items_without_a_json_value_are_errors() {
    for hex in NO_JSON {
        assert!(cbor::from_slice::<Value>(&bytes(hex)).is_err(), "{hex}");
    }
    let lowest = -1 - i128::from(u64::MAX);
    assert_eq!(cbor::from_slice(&bytes("3bffffffffffffffff")), Ok(lowest));
}

#[test]
fn appendix_f_is_refused() {
    let mut items = 0;
    for hex in APPENDIX_F.split_whitespace() {
        assert!(
            cbor::from_slice::<IgnoredAny>(&bytes(hex)).is_err(),
            "{hex}"
        );
        assert!(cbor::from_slice::<Value>(&bytes(hex)).is_err(), "{hex}");
        items += 1;
    }
    assert_eq!(items, 94, "none was left out");
}

/// Null behind tags, as of a date that is missing.
#[test]
fn tagged_null_is_none() {
    for hex in ["f6", "f7", "c0f6", "c1d9d9f7f6"] {
        assert_eq!(cbor::from_slice(&bytes(hex)), Ok(None::<String>), "{hex}");
    }
    let some = cbor::from_slice(&bytes("82c06161c0f6"));
    assert_eq!(some, Ok((Some("a".to_string()), None::<String>)));
    assert!(cbor::from_slice::<Option<String>>(&bytes("df")).is_err());
}

/// Chunks of a text are UTF-8 each (RFC 8949 section 3.2.3).
#[test]
fn characters_are_not_split_across_chunks() {
    assert_eq!(
        cbor::from_slice(&bytes("7f62c3bc6161ff")),
        Ok("üa".to_string())
    );
    for hex in ["7f61c361bcff", "7f61c3ff", "7f6261c361bcff"] {
        assert!(cbor::from_slice::<String>(&bytes(hex)).is_err(), "{hex}");
        assert!(
            cbor::from_slice::<IgnoredAny>(&bytes(hex)).is_err(),
            "{hex}"
        );
    }
    assert_eq!(
        cbor::from_slice(&bytes("5f41c341bcff")),
        Ok(vec![0xc3_u8, 0xbc])
    );
}
