//! Tests that both zstd implementations have the same results and the same limits.

use std::slice::from_ref;

use proptest::prelude::*;
use push_wire_shared::CompressionDictionary;
use push_wire_shared::compression::native::{self, Compressor, Goal, PreparedDictionary};
use push_wire_shared::compression::{DecompressError, DictionaryError, portable, short};
use push_wire_shared::limits::{DICTIONARIES, DICTIONARY_BYTES};

const LIMIT: usize = 1 << 20;

/// A decompressor of each implementation.
struct Both {
    native: native::Decompressor,
    portable: portable::Decompressor,
}

impl Both {
    fn new(dictionaries: &[CompressionDictionary]) -> Self {
        let mut both = Self {
            native: native::Decompressor::new(),
            portable: portable::Decompressor::new(),
        };
        for dictionary in dictionaries {
            both.native.add_dictionary(dictionary).unwrap();
            both.portable.add_dictionary(dictionary).unwrap();
        }
        both
    }

    /// The result, which is the same of both.
    fn decompress(&mut self, body: &[u8], max_bytes: usize) -> Result<Vec<u8>, DecompressError> {
        let native = self.native.decompress(body, max_bytes);
        assert_eq!(self.portable.decompress(body, max_bytes), native);
        native
    }
}

fn tick(n: u32) -> String {
    format!(
        r#"{{"symbol":"S{}","price":{}.25,"volume":{},"side":"{}"}}"#,
        n % 23,
        n.wrapping_mul(7) % 300,
        n.wrapping_mul(2_654_435_761) >> 12,
        if n.is_multiple_of(3) { "buy" } else { "sell" },
    )
}

fn trained(id: u32, first: u32) -> CompressionDictionary {
    let samples: Vec<String> = (first..first + 600).map(tick).collect();
    let samples: Vec<&[u8]> = samples.iter().map(String::as_bytes).collect();
    native::train_dictionary(&samples, 4096, id).unwrap()
}

/// A body whatever its size; panics when compression does not help.
fn compressed(body: &[u8], dictionary: Option<&CompressionDictionary>) -> Vec<u8> {
    let prepared = dictionary.map(|dictionary| PreparedDictionary::new(dictionary).unwrap());
    let mut out = Vec::new();
    assert!(Compressor::new().compress_into(&mut out, body, prepared.as_ref()));
    out
}

/// A zstd frame without dictionary and content size, of blocks that repeat one byte.
fn repeats(window_descriptor: u8, blocks: usize, block_bytes: u32) -> Vec<u8> {
    let mut body = vec![0, 0, 0, 0, 0x28, 0xb5, 0x2f, 0xfd, 0x00, window_descriptor];
    for block in 1..=blocks {
        let header = block_bytes << 3 | 1 << 1 | u32::from(block == blocks);
        body.extend_from_slice(&header.to_le_bytes()[..3]);
        body.push(b'x');
    }
    body
}

proptest! {
    #[test]
    fn bodies_survive(text in "[a-c]{100,2000}", repeat in 1_usize..40) {
        let body = text.repeat(repeat).into_bytes();
        let mut both = Both::new(&[]);
        prop_assert_eq!(both.decompress(&compressed(&body, None), LIMIT), Ok(body));
    }

    #[test]
    fn short_form_decodes_to_same_body(text in "[a-c]{100,2000}", repeat in 1_usize..40, named: bool) {
        let body = text.repeat(repeat).into_bytes();
        let dictionary = trained(7, 0);
        let prepared = PreparedDictionary::new(&dictionary).unwrap();
        let used = named.then_some(&prepared);
        let (mut long, mut short) = (Vec::new(), Vec::new());
        let mut compressor = Compressor::new();
        prop_assert!(compressor.compress_into(&mut long, &body, used));
        prop_assert!(compressor.compress_short_into(&mut short, &body, used));
        // The magic number, and three bytes of the id.
        prop_assert_eq!(long.len() - short.len(), 7);
        let (id, rest) = short::split(&short).unwrap();
        prop_assert_eq!(id, if named { 7 } else { 0 });
        let mut both = Both::new(&[dictionary]);
        prop_assert_eq!(both.decompress(&short::expand(id, rest), LIMIT), Ok(body));
    }

    #[test]
    fn any_bytes_are_read_or_refused(mut bytes: Vec<u8>) {
        let mut both = Both::new(&[]);
        let unusual = both.native.decompress(&bytes, LIMIT);
        prop_assert!(unusual.is_err());
        prop_assert!(both.portable.decompress(&bytes, LIMIT).is_err());
        bytes.splice(0..0, [0, 0, 0, 0, 0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58]);
        if let Ok(value) = both.native.decompress(&bytes, LIMIT) {
            prop_assert!(value.len() <= LIMIT);
        }
        if let Ok(value) = both.portable.decompress(&bytes, LIMIT) {
            prop_assert!(value.len() <= LIMIT);
        }
    }

    #[test]
    fn damage_is_bounded(seed: u32, at: prop::sample::Index, byte: u8) {
        let body: String = (0..20).map(|n| tick(seed.wrapping_add(n))).collect();
        let mut bytes = compressed(body.as_bytes(), None);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let mut both = Both::new(&[]);
        if let Ok(value) = both.native.decompress(&bytes, LIMIT) {
            prop_assert!(value.len() <= LIMIT);
        }
        if let Ok(value) = both.portable.decompress(&bytes, LIMIT) {
            prop_assert!(value.len() <= LIMIT);
        }
    }
}

#[test]
fn goals_trade_bytes_for_time() {
    let dictionary = trained(7, 0);
    let mut both = Both::new(from_ref(&dictionary));
    let mut bytes = |goal| -> usize {
        let prepared = PreparedDictionary::with_goal(&dictionary, goal).unwrap();
        let mut compressor = Compressor::new();
        let sizes = (1_000..1_200).map(|n| {
            // Small ones and large ones.
            let body: String = (n..=n + n % 40).map(tick).collect();
            let mut out = Vec::new();
            assert!(compressor.compress_into(&mut out, body.as_bytes(), Some(&prepared)));
            assert_eq!(both.decompress(&out, LIMIT), Ok(body.into_bytes()));
            out.len()
        });
        sizes.sum()
    };
    assert!(bytes(Goal::Bytes) < bytes(Goal::Time));
}

#[test]
fn dictionaries_shorten_small_messages() {
    let dictionary = trained(7, 0);
    let mut both = Both::new(from_ref(&dictionary));
    let (mut plain, mut short) = (0, 0);
    for message in (10_000..10_100).map(tick) {
        let body = compressed(message.as_bytes(), Some(&dictionary));
        plain += message.len();
        short += body.len();
        assert_eq!(both.decompress(&body, LIMIT), Ok(message.into_bytes()));
    }
    assert!(short * 3 < plain * 2, "{short} of {plain} bytes");
}

#[test]
fn a_dictionary_is_found_by_its_id() {
    let (one, two) = (trained(1, 0), trained(2, 50_000));
    let mut both = Both::new(&[one.clone(), two.clone()]);
    let message = tick(3).into_bytes();
    for dictionary in [&one, &two] {
        let body = compressed(&message, Some(dictionary));
        assert_eq!(both.decompress(&body, LIMIT), Ok(message.clone()));
        assert_eq!(
            Both::new(&[]).decompress(&body, LIMIT),
            Err(DecompressError::MissingDictionary(dictionary.id))
        );
    }
    let mut wrong = compressed(&message, Some(&one));
    wrong[3] = 2;
    assert_eq!(
        both.decompress(&wrong, LIMIT),
        Err(DecompressError::Malformed)
    );
    wrong[3] = 0;
    assert_eq!(
        both.decompress(&wrong, LIMIT),
        Err(DecompressError::Malformed)
    );
}

#[test]
fn drops_oldest_dictionary_above_limit() {
    let first = trained(1, 0);
    let mut both = Both::new(from_ref(&first));
    let message = tick(3).into_bytes();
    let body = compressed(&message, Some(&first));
    let mut other = first.clone();
    for n in 2_u32..=1 + u32::try_from(DICTIONARIES).unwrap() {
        assert_eq!(both.decompress(&body, LIMIT), Ok(message.clone()));
        other.id = n;
        // zstd's own id, so that each is another dictionary to it too.
        other.bytes[4..8].copy_from_slice(&(40_000 + n).to_le_bytes());
        both.native.add_dictionary(&other).unwrap();
        both.portable.add_dictionary(&other).unwrap();
    }
    assert_eq!(
        both.decompress(&body, LIMIT),
        Err(DecompressError::MissingDictionary(1))
    );
    let newest = compressed(&message, Some(&other));
    assert_eq!(both.decompress(&newest, LIMIT), Ok(message));
}

#[test]
fn refuses_unusable_dictionaries() {
    let refused = |id, bytes: &[u8]| {
        let dictionary = CompressionDictionary::new(id, bytes.to_vec());
        portable::Decompressor::new()
            .add_dictionary(&dictionary)
            .unwrap_err()
    };
    let trained = trained(1, 0).bytes;
    assert_eq!(refused(0, &trained), DictionaryError::ReservedId);
    assert_eq!(refused(1, b"any text"), DictionaryError::Malformed);
    assert_eq!(refused(1, &trained[..60]), DictionaryError::Malformed);
    let bytes = DICTIONARY_BYTES + 1;
    assert_eq!(
        refused(1, &vec![0; bytes]),
        DictionaryError::TooLarge { bytes }
    );
    assert_eq!(
        native::train_dictionary(&[b"one", b"two"], 1024, 1),
        Err(DictionaryError::TooFewSamples)
    );
}

#[test]
fn native_accepts_any_dictionary() {
    let message = tick(3).into_bytes();
    let like_it = CompressionDictionary::new(5, tick(4).into_bytes());
    let mut decompressor = native::Decompressor::new();
    decompressor.add_dictionary(&like_it).unwrap();
    let body = compressed(&message, Some(&like_it));
    assert_eq!(decompressor.decompress(&body, LIMIT), Ok(message));
}

#[test]
fn refuses_content_above_limit() {
    let too_large = Err(DecompressError::TooLarge { limit: LIMIT });
    let mut both = Both::new(&[]);
    // 32 KB that would be 1 GiB.
    let bomb = repeats(0x58, 8192, 128 * 1024);
    assert_eq!(both.decompress(&bomb, LIMIT), too_large);
    let announced = compressed(&vec![0; LIMIT + 1], None);
    assert_eq!(both.decompress(&announced, LIMIT), too_large);
    let just_fits = repeats(0x58, 8, 128 * 1024);
    assert_eq!(both.decompress(&just_fits, LIMIT), Ok(vec![b'x'; LIMIT]));
    assert_eq!(
        both.decompress(&just_fits, LIMIT - 1),
        Err(DecompressError::TooLarge { limit: LIMIT - 1 })
    );
    // An error leaves nothing behind.
    assert_eq!(
        both.decompress(&repeats(0x58, 1, 3), LIMIT),
        Ok(b"xxx".to_vec())
    );
}

#[test]
fn windows_beyond_the_limit_are_refused() {
    let window = 128 << 20;
    assert_eq!(
        Both::new(&[]).decompress(&repeats(0x88, 2048, 1), LIMIT),
        Err(DecompressError::WindowTooLarge { window })
    );
}

#[test]
fn frames_end_where_the_body_ends() {
    let mut both = Both::new(&[]);
    let whole = repeats(0x58, 2, 50);
    let longer = [&whole[..], &[0]].concat();
    assert_eq!(
        both.decompress(&longer, LIMIT),
        Err(DecompressError::TrailingBytes)
    );
    let twice = [&whole[..], &whole[4..]].concat();
    assert_eq!(
        both.decompress(&twice, LIMIT),
        Err(DecompressError::TrailingBytes)
    );
    for len in 10..whole.len() {
        let cut = both.decompress(&whole[..len], LIMIT);
        assert_eq!(cut, Err(DecompressError::Malformed), "{len}");
    }
    for len in 0..10 {
        let cut = both.decompress(&whole[..len], LIMIT);
        assert_eq!(cut, Err(DecompressError::NotZstd), "{len}");
    }
}

#[test]
fn refuses_impossible_announced_size() {
    let mut body = vec![0, 0, 0, 0, 0x28, 0xb5, 0x2f, 0xfd, 0xa0];
    body.extend_from_slice(&(1_u32 << 20).to_le_bytes());
    body.extend_from_slice(&[1, 0, 0]);
    assert_eq!(
        Both::new(&[]).decompress(&body, 1 << 24),
        Err(DecompressError::Malformed)
    );
}
