//! Delta codecs under measurement: this project's and those of other crates.

use oxidelta::compress::decoder;
use oxidelta::compress::encoder::{self, CompressOptions};
use push_wire_bench::Fallible;
use push_wire_shared::delta;

pub(crate) struct Codec {
    pub(crate) name: &'static str,
    pub(crate) encode: fn(base: &[u8], target: &[u8]) -> Fallible<Vec<u8>>,
    pub(crate) apply: fn(base: &[u8], delta: &[u8]) -> Fallible<Vec<u8>>,
}

/// All codecs; the others are compared with the first, ours.
pub(crate) const CODECS: [Codec; 3] = [
    Codec {
        name: "push-wire",
        encode: |base, target| delta::encode(base, target).ok_or("no delta".into()),
        apply: |base, ops| Ok(delta::apply(base, ops, 16 << 20)?),
    },
    Codec {
        name: "fossil-delta",
        encode: |base, target| Ok(fossil_delta::delta(target, base)),
        apply: |base, ops| fossil_delta::apply(base, ops).map_err(|e| format!("{e:?}").into()),
    },
    Codec {
        name: "oxidelta (VCDIFF)",
        encode: |base, target| {
            let mut ops = Vec::new();
            encoder::encode_all(&mut ops, base, target, CompressOptions::default())?;
            Ok(ops)
        },
        apply: |base, ops| Ok(decoder::decode_all(base, ops)?),
    },
];
