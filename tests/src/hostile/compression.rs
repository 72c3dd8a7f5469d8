//! Targets: compressed bodies and dictionaries, in the C library and in `ruzstd`.

use push_wire_shared::compression::{CompressionDictionary, DecompressError, native, portable};

/// Limit of the decompressed content, in bytes.
const CAP: usize = 64 * 1024;

const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const TRAINED_MAGIC: [u8; 4] = [0x37, 0xa4, 0x30, 0xec];

pub(super) fn run(bytes: &[u8]) {
    let mut decoders = Decoders::default();
    decoders.agree(bytes);
    // Random bytes rarely begin with the magic number.
    decoders.agree(&[&[0; 4], &ZSTD_MAGIC, bytes].concat());
    decoders.round_trip(bytes, None);
}

/// Checks a dictionary and a body. The first two bytes are the dictionary's length.
pub(super) fn run_with_dictionary(bytes: &[u8]) {
    let Some(([low, high], rest)) = bytes.split_first_chunk() else {
        return;
    };
    let len = usize::from(u16::from_le_bytes([*low, *high])).min(rest.len());
    let (dictionary, body) = rest.split_at(len);
    let dictionary = CompressionDictionary::new(7, [&TRAINED_MAGIC, dictionary].concat());
    let mut decoders = Decoders::default();
    let native = decoders.native.add_dictionary(&dictionary);
    let portable = decoders.portable.add_dictionary(&dictionary);
    if native.is_err() || portable.is_err() {
        return;
    }
    decoders.agree(&[&[0, 0, 0, 7], &ZSTD_MAGIC, body].concat());
    decoders.round_trip(body, Some(&dictionary));
}

/// The two decoders, which must agree.
#[derive(Default)]
struct Decoders {
    native: native::Decompressor,
    portable: portable::Decompressor,
}

impl Decoders {
    /// Checks that both decoders return the same content or refuse the body, and stay below the limit.
    fn agree(&mut self, body: &[u8]) {
        let native = self.native.decompress(body, CAP);
        let portable = self.portable.decompress(body, CAP);
        for content in [&native, &portable].into_iter().flatten() {
            assert!(content.len() <= CAP);
        }
        match (native, portable) {
            // They differ in what they call malformed, in both directions: C alone verifies a checksum, for example.
            (Err(DecompressError::Malformed), _) | (_, Err(DecompressError::Malformed)) => {}
            // Of two errors C reports trailing bytes first, Rust a too large output.
            (Err(_), Err(_)) => {}
            (native, portable) => assert_eq!(native, portable),
        }
    }

    fn round_trip(&mut self, content: &[u8], dictionary: Option<&CompressionDictionary>) {
        let prepared = match dictionary.map(native::PreparedDictionary::new) {
            Some(Err(_)) => return,
            prepared => prepared.and_then(Result::ok),
        };
        let mut body = Vec::new();
        if !native::Compressor::new().compress_into(&mut body, content, prepared.as_ref()) {
            return;
        }
        assert!(body.len() < content.len());
        assert_eq!(
            self.native.decompress(&body, content.len()).as_deref(),
            Ok(content)
        );
        assert_eq!(
            self.portable.decompress(&body, content.len()).as_deref(),
            Ok(content)
        );
    }
}
