//! Tests of binary frames through the published functions.

use proptest::prelude::*;
use push_wire_shared::compression::Decompressor;
use push_wire_shared::compression::native::{Compressor, Goal, PreparedDictionary};
use push_wire_shared::{
    BinaryError, BinaryFlags, BinaryFrame, ChannelKind, CompressionConfig, PayloadEncoding,
    decode_frame, decode_frame_with_decompressor, decode_frame_with_dictionaries,
    decode_frame_within, encode_frame, encode_frame_with_compression, encode_frame_with_compressor,
    train_dictionary,
};

#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Channel {
    #[channel(system)]
    System,
    #[channel(id = 7)]
    Data,
}

const ENCODINGS: [PayloadEncoding; 3] = [
    PayloadEncoding::MessagePack,
    PayloadEncoding::Cbor,
    PayloadEncoding::Json,
];

fn frame<T>(payload: T) -> BinaryFrame<Channel, T> {
    BinaryFrame {
        channel: Channel::Data,
        flags: BinaryFlags {
            ack_required: true,
            ..BinaryFlags::default()
        },
        sequence: 42,
        payload,
    }
}

type Decoded = Result<BinaryFrame<Channel, String>, BinaryError>;

proptest! {
    #[test]
    fn frames_survive(text: String, sequence: u32, flags in 0_u8..8, threshold in 0_usize..64) {
        let sent = BinaryFrame {
            flags: BinaryFlags { compressed: false, ..BinaryFlags::from_byte(flags) },
            sequence,
            ..frame(text)
        };
        let config = CompressionConfig { threshold, dictionary: None };
        for encoding in ENCODINGS {
            let bytes = encode_frame_with_compression(&sent, encoding, &config)?;
            let got: BinaryFrame<Channel, String> = decode_frame(&bytes, encoding)?;
            let compressed = got.flags.compressed;
            prop_assert_eq!(&BinaryFrame { flags: BinaryFlags { compressed, ..sent.flags }, ..got }, &BinaryFrame {
                flags: BinaryFlags { compressed, ..sent.flags }, ..sent.clone()
            });
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>, flags in 0_u8..16) {
        let with_header = [&[b'R', b'P', 1, flags, 7, 0, 0, 0, 0], &bytes[..]].concat();
        for encoding in ENCODINGS {
            let decoded: Decoded = decode_frame(&bytes, encoding);
            prop_assert!(decoded.is_err());
            let decoded: Decoded = decode_frame(&with_header, encoding);
            if let Ok(frame) = decoded {
                prop_assert!(encode_frame(&frame, encoding).is_ok());
            }
        }
    }
}

#[test]
fn compresses_long_payloads_only() {
    for encoding in ENCODINGS {
        let long = encode_frame(&frame("abc".repeat(400)), encoding).unwrap();
        assert!(BinaryFlags::from_byte(long[3]).compressed);
        assert!(long.len() < 60);
        let decoded: Decoded = decode_frame(&long, encoding);
        assert_eq!(decoded.unwrap().payload, "abc".repeat(400));
        let short = encode_frame(&frame("abc".repeat(100)), encoding).unwrap();
        assert!(!BinaryFlags::from_byte(short[3]).compressed);
    }
}

#[test]
fn dictionaries_of_one_id_may_differ() {
    let sentence = |word: &str, n: u32| {
        format!(
            "{word} number {n} has said {} things, and {word} will say more",
            n * n
        )
    };
    let trained = |word: &str| {
        let samples: Vec<String> = (0..800).map(|n| sentence(word, n)).collect();
        let samples: Vec<&[u8]> = samples.iter().map(String::as_bytes).collect();
        train_dictionary(&samples, 1024, 9).unwrap()
    };
    for word in ["alpha", "omega", "alpha"] {
        let config = CompressionConfig {
            threshold: 1,
            dictionary: Some(trained(word)),
        };
        let sent = frame(sentence(word, 5000));
        let bytes = encode_frame_with_compression(&sent, PayloadEncoding::Cbor, &config).unwrap();
        assert!(BinaryFlags::from_byte(bytes[3]).compressed);
        let decoded: Decoded =
            decode_frame_with_dictionaries(&bytes, PayloadEncoding::Cbor, &[trained(word)]);
        assert_eq!(decoded.unwrap().payload, sent.payload);
        let without: Decoded = decode_frame(&bytes, PayloadEncoding::Cbor);
        assert_eq!(without, Err(BinaryError::MissingDictionary(9)));
    }
}

#[test]
fn changed_dictionary_is_another() {
    let text =
        |word: &str, n: u32| format!("{word} number {n} has said {} things of {word}", n * n);
    let trained = |word: &str| {
        let samples: Vec<String> = (0..800).map(|n| text(word, n)).collect();
        let samples: Vec<&[u8]> = samples.iter().map(String::as_bytes).collect();
        train_dictionary(&samples, 1024, 9).unwrap()
    };
    let body = |sent: &BinaryFrame<Channel, String>, config: &CompressionConfig| {
        let frame = encode_frame_with_compression(sent, PayloadEncoding::Json, config).unwrap();
        assert!(BinaryFlags::from_byte(frame[3]).compressed);
        frame[9..].to_vec()
    };
    let mut config = CompressionConfig {
        threshold: 1,
        dictionary: Some(trained("alpha")),
    };
    let sent = frame(text("omega", 5000));
    let with_alpha = body(&sent, &config);
    let held = config.dictionary.as_mut().unwrap();
    let before = held.bytes.as_ptr();
    let omega = trained("omega").bytes;
    held.bytes.resize(omega.len(), 0);
    held.bytes.copy_from_slice(&omega);
    assert_eq!(held.bytes.as_ptr(), before, "not moved");
    let with_omega = body(&sent, &config);
    assert!(with_omega.len() < with_alpha.len());
    // One that has kept nothing from before.
    let mut other = Decompressor::new();
    other.add_dictionary(&trained("omega")).unwrap();
    let read = other.decompress(&with_omega, 1_000).unwrap();
    assert_eq!(read, PayloadEncoding::Json.encode(&sent.payload).unwrap());
}

#[test]
fn prepared_compressor_makes_same_frames() {
    let samples: Vec<String> = (0..400)
        .map(|n| format!("alpha {n} omega {}", n * 7))
        .collect();
    let samples: Vec<&[u8]> = samples.iter().map(String::as_bytes).collect();
    let dictionary = train_dictionary(&samples, 1024, 9).unwrap();
    let prepared = PreparedDictionary::with_goal(&dictionary, Goal::Time).unwrap();
    let mut compressor = Compressor::new();
    let mut decompressor = Decompressor::new();
    decompressor.add_dictionary(&dictionary).unwrap();
    let config = CompressionConfig {
        threshold: 64,
        dictionary: Some(dictionary),
    };
    let mut compressed = 0;
    for encoding in ENCODINGS {
        for len in [0, 10, 64, 65, 700] {
            let sent = frame("alpha 7 omega 49, ".repeat(40)[..len].to_string());
            let bytes =
                encode_frame_with_compressor(&sent, encoding, 64, &mut compressor, Some(&prepared))
                    .unwrap();
            assert_eq!(
                encode_frame_with_compression(&sent, encoding, &config).unwrap(),
                bytes
            );
            let mut read = |max_bytes| -> Decoded {
                decode_frame_with_decompressor(&bytes, encoding, &mut decompressor, max_bytes)
            };
            let got = read(800).unwrap();
            assert_eq!(got.payload, sent.payload);
            compressed += usize::from(got.flags.compressed);
            if len == 700 {
                assert_eq!(read(100), Err(BinaryError::TooLarge { limit: 100 }));
            }
        }
    }
    assert_eq!(
        compressed, 9,
        "64 bytes and more with the length before them"
    );
}

#[test]
fn each_fault_has_its_own_error() {
    let bytes = encode_frame(&frame("hi".to_string()), PayloadEncoding::MessagePack).unwrap();
    let changed = |at: usize, byte: u8| -> BinaryError {
        let mut bytes = bytes.clone();
        bytes[at] = byte;
        let decoded: Decoded = decode_frame(&bytes, PayloadEncoding::MessagePack);
        decoded.unwrap_err()
    };
    assert_eq!(changed(0, 0), BinaryError::InvalidMagic);
    assert_eq!(changed(2, 2), BinaryError::UnsupportedVersion(2));
    assert_eq!(changed(3, 0x80), BinaryError::UnknownFlags(0x80));
    assert_eq!(changed(3, 0x01), BinaryError::Decompression);
    assert_eq!(changed(4, 255), BinaryError::UnknownChannel(255));
    assert_eq!(changed(9, 0xc0), BinaryError::Deserialization);
    assert_eq!(changed(9, 0xa1), BinaryError::TrailingBytes);

    let decode = |bytes: &[u8], max_bytes| -> Decoded {
        decode_frame_within(bytes, PayloadEncoding::MessagePack, &[], max_bytes)
    };
    assert_eq!(decode(&bytes[..8], 9), Err(BinaryError::FrameTooShort));
    assert_eq!(decode(&bytes, 2), Err(BinaryError::TooLarge { limit: 2 }));
    let long = encode_frame(&frame("abc".repeat(400)), PayloadEncoding::MessagePack).unwrap();
    assert_eq!(
        decode(&long, 1000),
        Err(BinaryError::TooLarge { limit: 1000 })
    );
}
