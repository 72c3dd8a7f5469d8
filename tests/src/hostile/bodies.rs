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

/// One field of each kind that serde knows.
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
        settles::<Value>(encoding, bytes);
        settles::<Everything>(encoding, bytes);
        settles::<BinaryEnvelope>(encoding, bytes);
        settles::<SystemOp<Channel>>(encoding, bytes);
        settles::<Frame<Channel>>(encoding, bytes);
    }
}

/// Checks that a value that was read can be written, and is then read as the same.
fn settles<T: Serialize + DeserializeOwned + Debug>(encoding: PayloadEncoding, bytes: &[u8]) {
    let Ok(value) = encoding.decode::<T>(bytes) else {
        return;
    };
    let written = encoding
        .encode(&value)
        .expect("what was read can be written");
    let again: T = encoding
        .decode(&written)
        .expect("what was written can be read");
    // JSON text may come back with another last digit: it is parsed fast rather than exactly.
    if encoding != PayloadEncoding::Json {
        assert_eq!(sorted(&again), sorted(&value));
    }
}

/// As text, in which the order of a hash map's entries does not count.
fn sorted(value: &impl Debug) -> Vec<u8> {
    let mut text = format!("{value:?}").into_bytes();
    text.sort_unstable();
    text
}
