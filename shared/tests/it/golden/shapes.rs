//! Values of every shape that serde knows. The program in `xtask/golden` writes them with the published codec; the
//! tests write and read them with ours.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::de::{DeserializeOwned, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// Visitor of the values.
pub(super) trait Inspect {
    fn shape<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(
        &mut self,
        name: &str,
        value: T,
    );
}

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
struct Unit;

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
struct Newtype(u64);

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
struct Pair(i32, String);

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
struct Empty {}

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
struct Point {
    x: f64,
    y: f32,
    label: Option<String>,
}

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
struct Nested {
    id: Newtype,
    points: Vec<Point>,
    pair: Pair,
    unit: Unit,
    inner: Option<Box<Nested>>,
}

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
enum Plain {
    Unit,
    Newtype(Newtype),
    Tuple(u8, String),
    Struct { a: i64, b: Option<bool> },
}

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Tagged {
    Nothing,
    Place { x: i16, id: Uuid },
}

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    One(u32),
    Two(u32, u32),
}

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
#[serde(untagged)]
enum Untagged {
    Number(i64),
    Text(String),
    Pair(i8, i8),
}

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
struct Flat {
    first: u8,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

/// Written as bytes rather than as a list of numbers.
#[derive(PartialEq, Debug, Clone)]
struct Bytes(Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Taker;
        impl Visitor<'_> for Taker {
            type Value = Bytes;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }
        }
        deserializer.deserialize_byte_buf(Taker)
    }
}

/// A list whose `Serialize` announces no length.
#[derive(Deserialize, PartialEq, Debug, Clone)]
struct Unsized(Vec<u16>);

impl Serialize for Unsized {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for item in &self.0 {
            list.serialize_element(item)?;
        }
        list.end()
    }
}

pub(super) fn show_all(to: &mut impl Inspect) {
    numbers(to);
    texts(to);
    lists(to);
    structs(to);
    enums(to);
    documents(to);
}

fn numbers(to: &mut impl Inspect) {
    let unsigned = [
        0,
        1,
        23,
        24,
        127,
        128,
        255,
        256,
        65_535,
        65_536,
        u64::from(u32::MAX),
    ];
    to.shape("unsigned", unsigned.to_vec());
    to.shape("unsigned_wide", (u64::from(u32::MAX) + 1, u64::MAX));
    let signed = [
        -1, -24, -25, -32, -33, -128, -129, -256, -257, -32_768, -32_769, -65_537,
    ];
    to.shape("signed", signed.to_vec());
    to.shape(
        "signed_wide",
        (
            i64::from(i32::MIN),
            i64::from(i32::MIN) - 1,
            i64::MIN,
            i64::MAX,
        ),
    );
    to.shape(
        "small_integers",
        (u8::MAX, i8::MIN, u16::MAX, i16::MIN, u32::MAX, i32::MIN),
    );
    to.shape("booleans", (true, false));
    let doubles = [
        0.0,
        -0.0,
        1.0,
        0.1,
        1.5,
        65_504.0,
        65_505.0,
        1e-8,
        1e300,
        3.0e38,
        f64::MIN,
    ];
    to.shape("doubles", doubles.to_vec());
    to.shape(
        "infinities",
        (f64::INFINITY, f64::NEG_INFINITY, f32::INFINITY),
    );
    let singles = [
        0.0_f32,
        0.1,
        0.5,
        6.0e-8,
        2049.0,
        f32::MAX,
        f32::MIN_POSITIVE,
    ];
    to.shape("singles", singles.to_vec());
    let spread: Vec<f64> = (0..200)
        .map(|n| f64::from(n - 100) * 0.375e-3 * f64::from(1 << (n % 30)))
        .collect();
    to.shape("many_doubles", spread);
}

fn texts(to: &mut impl Inspect) {
    to.shape("text_empty", String::new());
    for len in [23, 24, 31, 32, 255, 256, 300] {
        to.shape(&format!("text_{len}"), "x".repeat(len));
    }
    to.shape("text_unicode", "Grüße, 世界 🚀\0\u{feff}".to_string());
    to.shape("chars", ('a', 'é', '🚀'));
    to.shape("bytes_empty", Bytes(vec![]));
    to.shape("bytes", Bytes((0..=255).collect()));
    to.shape(
        "uuid",
        Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef),
    );
}

fn lists(to: &mut impl Inspect) {
    to.shape("list_empty", Vec::<u8>::new());
    to.shape("list_15", vec![7_u8; 15]);
    to.shape("list_16", vec![7_u8; 16]);
    to.shape("list_300", (0..300).collect::<Vec<u16>>());
    to.shape("list_unsized", Unsized((0..40).collect()));
    to.shape("map_empty", BTreeMap::<String, u8>::new());
    to.shape(
        "map_16",
        (0..16)
            .map(|n| (n.to_string(), n))
            .collect::<BTreeMap<String, u8>>(),
    );
    to.shape(
        "map_by_number",
        BTreeMap::from([(1_u32, true), (70_000, false)]),
    );
    to.shape("array", [[1_u8, 2], [3, 4]]);
    to.shape("options", vec![Some(1_u8), None, Some(200)]);
    to.shape("unit", ());
}

fn structs(to: &mut impl Inspect) {
    to.shape("unit_struct", Unit);
    to.shape("newtype", Newtype(u64::MAX));
    to.shape("tuple_struct", Pair(-7, "seven".into()));
    to.shape("empty_struct", Empty {});
    let point = Point {
        x: 0.25,
        y: -1.1,
        label: None,
    };
    to.shape("struct", point.clone());
    let leaf = Nested {
        id: Newtype(1),
        points: vec![],
        pair: Pair(0, String::new()),
        unit: Unit,
        inner: None,
    };
    let nested = Nested {
        id: Newtype(300),
        points: vec![
            point.clone(),
            Point {
                label: Some("b".into()),
                ..point
            },
        ],
        pair: Pair(i32::MIN, "min".into()),
        unit: Unit,
        inner: Some(Box::new(leaf)),
    };
    to.shape("nested", nested);
    let rest = BTreeMap::from([
        ("a".to_string(), serde_json::json!([1, null])),
        ("b".to_string(), serde_json::json!({"c": 2.5})),
    ]);
    to.shape("flattened", Flat { first: 9, rest });
    to.shape("duration", Duration::new(5, 17));
}

fn enums(to: &mut impl Inspect) {
    to.shape(
        "enum",
        vec![
            Plain::Unit,
            Plain::Newtype(Newtype(5)),
            Plain::Tuple(1, "one".into()),
            Plain::Struct {
                a: -5,
                b: Some(true),
            },
            Plain::Struct { a: 0, b: None },
        ],
    );
    let place = Tagged::Place {
        x: -300,
        id: Uuid::from_u128(5),
    };
    to.shape("enum_tagged", vec![Tagged::Nothing, place]);
    to.shape("enum_adjacent", vec![Adjacent::One(1), Adjacent::Two(1, 2)]);
    to.shape(
        "enum_untagged",
        vec![
            Untagged::Number(-1),
            Untagged::Text("t".into()),
            Untagged::Pair(1, -1),
        ],
    );
    to.shape("result", vec![Ok::<u8, String>(1), Err("no".into())]);
}

fn documents(to: &mut impl Inspect) {
    to.shape("null", serde_json::Value::Null);
    to.shape(
        "document",
        serde_json::json!({
            "id": 1842, "name": "orders", "open": true, "price": 101.25, "change": -0.0075, "none": null,
            "levels": [[101.0, 5], [100.75, -12], [1e-7, 70_000]], "meta": {"tags": ["a", "b"], "deep": {"er": {}}},
        }),
    );
}
