//! Tests of the portable decoder on zstd frames of every level of the C library.

use fastrand::Rng;
use push_wire_shared::compression::{CompressionDictionary, native, portable};
use push_wire_shared::delta::corpus::corpora;
use zstd::zstd_safe::{CCtx, CParameter, InBuffer, OutBuffer, compress_bound};

const LEVELS: [i32; 6] = [-50, 1, 3, 6, 12, 19];

const LIMIT: usize = 4 << 20;

/// Contents that lead to every kind of block: text, few symbols, one symbol, noise, distant repeats, long repeats.
fn contents() -> Vec<Vec<u8>> {
    let mut rng = Rng::with_seed(7);
    let mut contents: Vec<Vec<u8>> = corpora(3, 4)
        .into_iter()
        .flat_map(|corpus| corpus.versions.into_iter().take(2))
        .collect();
    for len in [0, 1, 2, 7, 63, 64, 300, 1_000, 20_000, 140_000] {
        contents.push(vec![b'x'; len]);
        contents.push((0..len).map(|_| rng.u8(..)).collect());
        contents.push((0..len).map(|_| b"aab"[rng.usize(..3)]).collect());
        // Few symbols beside many rare ones, as Huffman codes of every length.
        contents.push(
            (0..len)
                .map(|_| rng.u8(..) & rng.u8(..) & rng.u8(..))
                .collect(),
        );
        contents.push((0..len).map(|n| n.to_string().as_bytes()[0]).collect());
    }
    // Several blocks, with matches over their borders and from far back.
    let mut all = contents.concat();
    all.truncate(700_000);
    contents.push([&all[..], &all[..]].concat());
    contents
}

/// Compresses in one piece; the frame states its size.
fn at_once(level: i32, checksum: bool, content: &[u8]) -> Vec<u8> {
    let mut context = CCtx::create();
    context
        .set_parameter(CParameter::CompressionLevel(level))
        .unwrap();
    context
        .set_parameter(CParameter::ChecksumFlag(checksum))
        .unwrap();
    let mut frame = Vec::with_capacity(compress_bound(content.len()));
    context.compress2(&mut frame, content).unwrap();
    frame
}

/// Compresses in pieces, each of which ends a block; the frame does not state its size.
fn bit_by_bit(level: i32, content: &[u8]) -> Vec<u8> {
    let mut context = CCtx::create();
    context
        .set_parameter(CParameter::CompressionLevel(level))
        .unwrap();
    context.set_parameter(CParameter::WindowLog(20)).unwrap();
    let mut frame = Vec::with_capacity(2 * compress_bound(content.len()) + 1024);
    let mut out = OutBuffer::around(&mut frame);
    for piece in content.chunks(content.len() / 7 + 1) {
        let mut piece = InBuffer::around(piece);
        while piece.pos < piece.src.len() {
            context.compress_stream(&mut out, &mut piece).unwrap();
        }
        assert_eq!(context.flush_stream(&mut out).unwrap(), 0);
    }
    assert_eq!(context.end_stream(&mut out).unwrap(), 0);
    frame
}

fn body(dictionary: u32, frame: &[u8]) -> Vec<u8> {
    [&dictionary.to_be_bytes(), frame].concat()
}

#[test]
fn frames_of_every_level_are_read() {
    let mut decompressor = portable::Decompressor::new();
    for content in contents() {
        for level in LEVELS {
            for frame in [
                at_once(level, true, &content),
                // Untold, a size has the higher levels prepare for hundreds of megabytes.
                bit_by_bit(level.min(6), &content),
            ] {
                let read = decompressor.decompress(&body(0, &frame), LIMIT).unwrap();
                assert!(read == content, "{} bytes at level {level}", content.len());
            }
        }
    }
}

#[test]
fn reads_frames_of_every_level() {
    let corpus = corpora(5, 200);
    for corpus in corpus {
        let samples: Vec<&[u8]> = corpus.versions.iter().flat_map(|v| v.chunks(400)).collect();
        let (known, new) = samples.split_at(samples.len() - 40);
        let dictionary = native::train_dictionary(known, 16 * 1024, 9).unwrap();
        let mut decompressor = portable::Decompressor::new();
        decompressor.add_dictionary(&dictionary).unwrap();
        for level in LEVELS {
            let mut context = CCtx::create();
            context
                .set_parameter(CParameter::CompressionLevel(level))
                .unwrap();
            context.load_dictionary(&dictionary.bytes).unwrap();
            let long = new.concat();
            for content in new.iter().copied().chain([&long[..]]) {
                let mut frame = Vec::with_capacity(compress_bound(content.len()));
                context.compress2(&mut frame, content).unwrap();
                let read = decompressor.decompress(&body(9, &frame), LIMIT).unwrap();
                assert!(read == content, "{} at level {level}", corpus.name);
            }
        }
    }
}

/// Damaged frames never give more than the limit and never panic; what the C library reads, the other reads alike.
#[test]
fn damaged_frames_do_no_harm() {
    let mut rng = Rng::with_seed(11);
    let mut decompressor = portable::Decompressor::new();
    let (mut native, mut both) = (native::Decompressor::new(), 0);
    let html = corpora(3, 1).remove(2).versions.remove(0);
    for level in LEVELS {
        let whole = body(0, &at_once(level, false, &html));
        for _ in 0..400 {
            let mut damaged = whole.clone();
            for _ in 0..=rng.usize(..3) {
                // Behind the headers of the body and the frame.
                let at = rng.usize(12..damaged.len());
                damaged[at] ^= 1 << rng.u8(..8);
            }
            damaged.truncate(rng.usize(damaged.len() / 2..2 * damaged.len()));
            let Ok(content) = decompressor.decompress(&damaged, LIMIT) else {
                continue;
            };
            assert_eq!(content.len(), html.len());
            if let Ok(in_c) = native.decompress(&damaged, LIMIT) {
                assert!(content == in_c);
                both += 1;
            }
        }
    }
    assert!(both > 100, "most damage cannot be seen: {both}");
}

/// Offsets that reach before the dictionary, and dictionaries that would have them do so.
#[test]
fn dictionaries_have_to_be_whole() {
    let samples: Vec<String> = (0..2_000)
        .map(|n| format!("{{\"n\":{n},\"s\":\"abc\"}}"))
        .collect();
    let samples: Vec<&[u8]> = samples.iter().map(String::as_bytes).collect();
    let whole = native::train_dictionary(&samples, 4096, 3).unwrap();
    let mut decompressor = portable::Decompressor::new();
    let mut refused = 0;
    for len in (0..whole.bytes.len()).step_by(7) {
        let cut = CompressionDictionary::new(3, whole.bytes[..len].to_vec());
        // C is the judge of how short one may be.
        let in_c = native::Decompressor::new().add_dictionary(&cut).is_ok();
        let here = decompressor.add_dictionary(&cut).is_ok();
        assert!(in_c || !here, "{len} bytes");
        refused += usize::from(!here);
    }
    assert!(refused > 10);
    assert!(decompressor.add_dictionary(&whole).is_ok());
}
