//! Bytes that the published pushwire-core 0.1.1 wrote: ours are the same, and ours reads them.

mod shapes;

use std::fmt::Debug;

use push_wire_shared::encoding::PayloadEncoding;
use push_wire_shared::frame::FrameHeader;
use serde::Serialize;
use serde::de::DeserializeOwned;

const VECTORS: &str = include_str!("vectors.txt");

/// The bytes of one line of the vectors.
fn vector(name: &str, encoding: &str) -> Vec<u8> {
    let start = format!("{name} {encoding} ");
    let hex = VECTORS
        .lines()
        .find_map(|line| line.strip_prefix(&start))
        .unwrap_or_else(|| panic!("no vector {start}"));
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

struct SameBytes(usize);

impl shapes::Inspect for SameBytes {
    fn shape<T: Serialize + DeserializeOwned + PartialEq + Debug>(&mut self, name: &str, value: T) {
        for encoding in [PayloadEncoding::MessagePack, PayloadEncoding::Cbor] {
            let frame = vector(name, encoding.name());
            let (header, body) = FrameHeader::split(&frame).unwrap();
            assert_eq!((header.channel, header.sequence), (7, 42), "{name}");
            assert_eq!(
                encoding.encode(&value).unwrap(),
                body,
                "{name} in {encoding:?}"
            );
            assert_eq!(
                encoding.decode::<T>(body).as_ref(),
                Ok(&value),
                "{name} in {encoding:?}"
            );
        }
        self.0 += 1;
    }
}

#[test]
fn every_shape_is_written_and_read_as_published() {
    let mut shapes_seen = SameBytes(0);
    shapes::show_all(&mut shapes_seen);
    assert!(shapes_seen.0 >= 40, "{} shapes", shapes_seen.0);
}
