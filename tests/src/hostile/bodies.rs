//! Target: payload bodies in the three encodings.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use push_wire_shared::{BinaryEnvelope, Frame, PayloadEncoding, SystemOp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::channels::Channel;

pub(super) const ENCODINGS: [PayloadEncoding; 3] = [
    PayloadEncoding::MessagePack,
    PayloadEncoding::Cbor,
    PayloadEncoding::Json,
];

/// Struct with a field of each kind of serde's data model.
#[derive(Serialize, Deserialize, Clone, Debug)]
pub(super) struct Everything {
    flag: bool,
    small: i8,
    wide: u64,
    wider: Option<i128>,
    single: f32,
    double: f64,
    letter: char,
    text: String,
    #[serde(default)]
    option: Option<u16>,
    pair: (u8, String),
    list: Vec<i32>,
    map: BTreeMap<i16, Vec<bool>>,
    named: HashMap<String, ()>,
    id: Uuid,
    kind: Vec<Kind>,
    rest: Value,
}

#[derive(Serialize, Deserialize, Clone, Debug)]
enum Kind {
    Unit,
    Newtype(Box<Kind>),
    Tuple(u8, u16),
    Struct { value: Option<String> },
}

pub(super) fn run(bytes: &[u8]) {
    for encoding in ENCODINGS {
        round_trips::<Value>(encoding, bytes);
        round_trips::<Everything>(encoding, bytes);
        round_trips::<BinaryEnvelope>(encoding, bytes);
        round_trips::<SystemOp<Channel>>(encoding, bytes);
        round_trips::<Frame<Channel>>(encoding, bytes);
    }
}

/// Checks that a value that was read can be written, and is then read as the same.
fn round_trips<T: Serialize + DeserializeOwned + Debug>(encoding: PayloadEncoding, bytes: &[u8]) {
    let Ok(value) = encoding.decode::<T>(bytes) else {
        return;
    };
    let written = encoding
        .encode(&value)
        .expect("what was read can be written");
    let again: T = encoding
        .decode(&written)
        .expect("what was written can be read");
    // JSON numbers may differ in the last digit: they are parsed fast rather than exactly.
    if encoding != PayloadEncoding::Json {
        assert_eq!(sorted(&again), sorted(&value));
    }
}

/// Sorted characters of the debug text: the same for any order of a hash map's entries.
fn sorted(value: &impl Debug) -> Vec<u8> {
    let mut text = format!("{value:?}").into_bytes();
    text.sort_unstable();
    text
}
