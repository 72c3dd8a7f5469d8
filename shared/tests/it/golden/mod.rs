//! Golden vectors: bytes written by the published pushwire-core 0.1.1, which we write and read alike.

mod shapes;

use std::fmt::Debug;

use push_wire_shared::compression::portable;
use push_wire_shared::frame::FrameHeader;
use push_wire_shared::{
    BinaryFlags, BinaryFrame, ChannelKind, CompressionConfig, CompressionDictionary,
    PayloadEncoding, decode_frame, decode_frame_with_dictionaries, encode_frame,
    encode_frame_with_compression,
};
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
    hex::decode(hex).unwrap()
}

/// The channel of the vectors is the one with id 7.
#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Channel {
    #[channel(system)]
    System,
    #[channel(id = 7)]
    Data,
}

fn frame<T>(payload: T) -> BinaryFrame<Channel, T> {
    BinaryFrame {
        channel: Channel::Data,
        flags: BinaryFlags::from_byte(4),
        sequence: 42,
        payload,
    }
}

const ENCODINGS: [PayloadEncoding; 2] = [PayloadEncoding::MessagePack, PayloadEncoding::Cbor];

struct SameBytes(usize);

impl shapes::Inspect for SameBytes {
    fn shape<T: Serialize + DeserializeOwned + PartialEq + Debug>(&mut self, name: &str, value: T) {
        let sent = frame(value);
        let uncompressed = CompressionConfig {
            threshold: usize::MAX,
            dictionary: None,
        };
        for encoding in ENCODINGS {
            let published = vector(name, encoding.name());
            let ours = encode_frame_with_compression(&sent, encoding, &uncompressed).unwrap();
            assert_eq!(ours, published, "{name} in {encoding:?}");
            let got: BinaryFrame<Channel, T> = decode_frame(&published, encoding).unwrap();
            assert_eq!(got, sent, "{name} in {encoding:?}");
        }
        self.0 += 1;
    }
}

#[test]
fn matches_published_bytes() {
    let mut shapes_seen = SameBytes(0);
    shapes::show_all(&mut shapes_seen);
    assert!(shapes_seen.0 >= 40, "{} shapes", shapes_seen.0);
}

#[test]
fn published_compressed_frames_are_read() {
    let text = "All of it was said before. ".repeat(100);
    for encoding in ENCODINGS {
        let published = vector("compressed", encoding.name());
        let got: BinaryFrame<Channel, String> = decode_frame(&published, encoding).unwrap();
        assert!(got.flags.compressed);
        assert_eq!(got.payload, text);
        let ours = encode_frame(&frame(&text), encoding).unwrap();
        assert_eq!(ours, published, "the same library at the same level");
    }
}

#[test]
fn both_read_published_dictionary_frames() {
    let tick = r#"{"symbol":"S3","price":77.5,"volume":1234}"#;
    let dictionary = CompressionDictionary::new(9, vector("dictionary", "9"));
    let mut portable = portable::Decompressor::new();
    portable.add_dictionary(&dictionary).unwrap();
    for encoding in ENCODINGS {
        let published = vector("compressed_dictionary", encoding.name());
        let dictionaries = std::slice::from_ref(&dictionary);
        let got: BinaryFrame<Channel, String> =
            decode_frame_with_dictionaries(&published, encoding, dictionaries).unwrap();
        assert!(got.flags.compressed);
        assert_eq!(got.payload, tick);
        let (_, body) = FrameHeader::split(&published).unwrap();
        let body = portable.decompress(body, 1000).unwrap();
        assert_eq!(encoding.decode::<String>(&body).unwrap(), tick);
    }
}
