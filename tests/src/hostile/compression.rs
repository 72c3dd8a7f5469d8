//! Targets: compressed bodies and dictionaries, in the C library and in `ruzstd`.

use push_wire_shared::compression::{CompressionDictionary, DecompressError, native, portable};

/// Most that may come out.
const CAP: usize = 64 * 1024;

const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const TRAINED_MAGIC: [u8; 4] = [0x37, 0xa4, 0x30, 0xec];

pub(super) fn run(bytes: &[u8]) {
    let mut both = Both::default();
    both.agree(bytes);
    // Random bytes rarely begin with the magic number.
    both.agree(&[&[0; 4], &ZSTD_MAGIC, bytes].concat());
    both.round_trip(bytes, None);
}

/// The first two bytes are the dictionary's length.
pub(super) fn run_with_dictionary(bytes: &[u8]) {
    let Some(([low, high], rest)) = bytes.split_first_chunk() else {
        return;
    };
    let len = usize::from(u16::from_le_bytes([*low, *high])).min(rest.len());
    let (dictionary, body) = rest.split_at(len);
    let dictionary = CompressionDictionary::new(7, [&TRAINED_MAGIC, dictionary].concat());
    let mut both = Both::default();
    let in_c = both.native.add_dictionary(&dictionary);
    let in_rust = both.portable.add_dictionary(&dictionary);
    if in_c.is_err() || in_rust.is_err() {
        return;
    }
    both.agree(&[&[0, 0, 0, 7], &ZSTD_MAGIC, body].concat());
    both.round_trip(body, Some(&dictionary));
}

#[derive(Default)]
struct Both {
    native: native::Decompressor,
    portable: portable::Decompressor,
}

impl Both {
    /// Both decoders make the same of a body, and no more than the cap.
    fn agree(&mut self, body: &[u8]) {
        let in_c = self.native.decompress(body, CAP);
        let in_rust = self.portable.decompress(body, CAP);
        for content in [&in_c, &in_rust].into_iter().flatten() {
            assert!(content.len() <= CAP);
        }
        match (in_c, in_rust) {
            // They differ in what they find damaged, in both directions: C alone verifies a checksum, for one.
            (Err(DecompressError::Malformed), _) | (_, Err(DecompressError::Malformed)) => {}
            // Of two errors C finds trailing bytes first, Rust too large an output.
            (Err(_), Err(_)) => {}
            (in_c, in_rust) => assert_eq!(in_c, in_rust),
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
