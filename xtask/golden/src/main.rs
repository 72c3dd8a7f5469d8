//! Writes `shared/tests/it/golden/vectors.txt` with the published pushwire-core 0.1.1:
//! `cargo run --manifest-path xtask/golden/Cargo.toml`.
//!
//! One line per vector: `name encoding hex`, the hex being a whole frame on channel 7 with sequence 42. Lines of
//! `compressed*` names carry zstd; `dictionary` is the trained dictionary that `compressed_dictionary` needs.

use std::fmt::Write as _;
use std::path::Path;

use pushwire_core::{
    BinaryFlags, BinaryFrame, ChannelKind, CompressionConfig, PayloadEncoding, decode_frame,
    encode_frame_with_compression, train_dictionary,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[path = "../../../shared/tests/it/golden/shapes.rs"]
mod shapes;

/// The one channel of the vectors.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
struct Data;

impl ChannelKind for Data {
    fn priority(&self) -> u8 {
        1
    }

    fn wire_id(&self) -> u8 {
        7
    }

    fn from_wire_id(id: u8) -> Option<Self> {
        (id == 7).then_some(Self)
    }

    fn from_name(name: &str) -> Option<Self> {
        (name == "data").then_some(Self)
    }

    fn name(&self) -> &'static str {
        "data"
    }

    fn is_system(&self) -> bool {
        false
    }

    fn all() -> &'static [Self] {
        &[Self]
    }
}

const ENCODINGS: [(&str, PayloadEncoding); 2] = [
    ("msgpack", PayloadEncoding::MessagePack),
    ("cbor", PayloadEncoding::Cbor),
];

struct Vectors(String);

impl Vectors {
    fn line(&mut self, name: &str, encoding: &str, bytes: &[u8]) {
        write!(self.0, "{name} {encoding} ").expect("strings can be written to");
        for byte in bytes {
            write!(self.0, "{byte:02x}").expect("strings can be written to");
        }
        self.0.push('\n');
    }
}

fn encode<T: Serialize>(
    value: &T,
    encoding: PayloadEncoding,
    config: &CompressionConfig,
) -> Vec<u8> {
    let frame = BinaryFrame {
        channel: Data,
        flags: BinaryFlags::from_byte(4),
        sequence: 42,
        payload: value,
    };
    encode_frame_with_compression(&frame, encoding, config).expect("the published codec encodes it")
}

impl shapes::Inspect for Vectors {
    fn shape<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(
        &mut self,
        name: &str,
        value: T,
    ) {
        let plain = CompressionConfig {
            threshold: usize::MAX,
            dictionary: None,
        };
        for (encoding_name, encoding) in ENCODINGS {
            let bytes = encode(&value, encoding, &plain);
            let back: BinaryFrame<Data, T> = decode_frame(&bytes, encoding)
                .unwrap_or_else(|error| panic!("{name} {encoding_name}: {error}"));
            assert_eq!(back.payload, value, "{name}");
            self.line(name, encoding_name, &bytes);
        }
    }
}

fn compressed(vectors: &mut Vectors) {
    let text = "All of it was said before. ".repeat(100);
    let samples: Vec<String> = (0..400)
        .map(|n| {
            format!(
                "{{\"symbol\":\"S{}\",\"price\":{}.5,\"volume\":{}}}",
                n % 17,
                n * 7 % 300,
                n * n
            )
        })
        .collect();
    let samples: Vec<&[u8]> = samples.iter().map(String::as_bytes).collect();
    let dictionary = train_dictionary(&samples, 2048, 9).expect("the samples make a dictionary");
    vectors.line("dictionary", "9", &dictionary.bytes);
    for (name, encoding) in ENCODINGS {
        let config = CompressionConfig::default();
        vectors.line("compressed", name, &encode(&text, encoding, &config));
        let config = CompressionConfig {
            threshold: 1,
            dictionary: Some(dictionary.clone()),
        };
        let tick = "{\"symbol\":\"S3\",\"price\":77.5,\"volume\":1234}";
        vectors.line(
            "compressed_dictionary",
            name,
            &encode(&tick, encoding, &config),
        );
    }
}

fn main() -> std::io::Result<()> {
    let mut vectors = Vectors(String::new());
    shapes::show_all(&mut vectors);
    compressed(&mut vectors);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::write(
        root.join("../../shared/tests/it/golden/vectors.txt"),
        vectors.0,
    )
}
