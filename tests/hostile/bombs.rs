//! Tests of small inputs that announce large sizes: decompression bombs, long lists, deep nesting.

use push_wire_shared::compression::{DecompressError, native, portable};
use push_wire_shared::limits::VALUE_BYTES;
use push_wire_shared::session::op::{Auth, ClientOp};
use push_wire_shared::{BinaryError, ChannelKind, PayloadEncoding, decode_frame};
use push_wire_tests::hostile;
use uuid::Uuid;

use super::{PEAK, peak};

const MIB: usize = 1024 * 1024;

/// Start of a body: the id "no dictionary" and zstd's magic number.
const START: [u8; 8] = [0, 0, 0, 0, 0x28, 0xb5, 0x2f, 0xfd];

/// A zstd block of 4 bytes that repeats one byte.
fn repeat(bytes: usize, is_last: bool) -> [u8; 4] {
    let header = u32::try_from(bytes << 3 | 1 << 1 | usize::from(is_last)).expect("a small block");
    let [a, b, c, _] = header.to_le_bytes();
    [a, b, c, b'x']
}

/// A body of 32 KiB that decompresses to 1 GiB, with a window of 2 MiB and without a stated size.
fn bomb() -> Vec<u8> {
    let mut body = [&START[..], &[0x00, 0x58]].concat();
    for block in (0..8 * 1024).rev() {
        body.extend_from_slice(&repeat(128 * 1024, block == 0));
    }
    assert!((32 * 1024..33 * 1024).contains(&body.len()));
    body
}

/// A body of 8 KiB with a window of 128 MiB.
fn wide_window() -> Vec<u8> {
    let mut body = [&START[..], &[0x00, 17 << 3]].concat();
    for block in (0..2 * 1024).rev() {
        body.extend_from_slice(&repeat(1, block == 0));
    }
    body
}

type Decoder = (
    &'static str,
    fn(&[u8], usize) -> Result<Vec<u8>, DecompressError>,
);

const DECODERS: [Decoder; 2] = [
    ("C", |body, max| {
        native::Decompressor::new().decompress(body, max)
    }),
    ("portable", |body, max| {
        portable::Decompressor::new().decompress(body, max)
    }),
];

#[test]
fn bomb_takes_less_than_4_mib() {
    let bomb = bomb();
    for (name, decompress) in DECODERS {
        for limit in [MIB, VALUE_BYTES] {
            let peak = peak(|| {
                let refused = decompress(&bomb, limit);
                assert_eq!(refused, Err(DecompressError::TooLarge { limit }));
            });
            assert!(peak < PEAK, "{name} takes {peak} bytes at {limit}");
        }
    }
}

#[test]
fn large_window_is_refused() {
    let wide = wide_window();
    for (name, decompress) in DECODERS {
        let peak = peak(|| {
            let refused = decompress(&wide, MIB);
            let window = 128 * 1024 * 1024;
            assert_eq!(refused, Err(DecompressError::WindowTooLarge { window }));
        });
        // The memory of a new decoder.
        assert!(peak < 2 * 1024, "{name} takes {peak} bytes");
    }
}

/// Checks that the memory that a decoder keeps between bodies does not grow.
#[test]
fn repeated_bombs_need_no_more_memory() {
    let bomb = bomb();
    let (mut native, mut portable) = Default::default();
    let peak = peak(|| {
        for _ in 0..3 {
            let refused = Err(DecompressError::TooLarge { limit: MIB });
            assert_eq!(
                native::Decompressor::decompress(&mut native, &bomb, MIB),
                refused
            );
            assert_eq!(
                portable::Decompressor::decompress(&mut portable, &bomb, MIB),
                refused
            );
        }
    });
    assert!(peak < PEAK, "{peak} bytes");
}

#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Channel {
    #[channel(system)]
    System,
    #[channel(id = 1)]
    Data,
}

#[test]
fn refuses_frames_with_bombs() {
    let frame = |body: &[u8]| [&b"RP\x01\x01\x01\0\0\0\0"[..], body].concat();
    let decode =
        |frame: &[u8]| decode_frame::<Channel, Vec<u8>>(frame, PayloadEncoding::MessagePack);
    let (bomb, wide) = (frame(&bomb()), frame(&wide_window()));
    let peak = peak(|| {
        let limit = VALUE_BYTES;
        assert_eq!(decode(&bomb), Err(BinaryError::TooLarge { limit }));
        assert_eq!(decode(&wide), Err(BinaryError::Decompression));
    });
    assert!(peak < PEAK, "{peak} bytes");
}

/// Checks that a large body within the limit is read without an announced size.
#[test]
fn decodes_large_body_of_unknown_size() {
    let mut body = [&START[..], &[0x00, 0x58]].concat();
    for block in (0..24).rev() {
        body.extend_from_slice(&repeat(128 * 1024, block == 0));
    }
    for (name, decompress) in DECODERS {
        let content = decompress(&body, 4 * MIB).unwrap();
        assert_eq!(content.len(), 3 * MIB, "{name}");
        assert!(content.iter().all(|byte| *byte == b'x'), "{name}");
        assert!(
            content.capacity() < 4 * MIB,
            "{name} allocates only what it needs"
        );
        assert_eq!(
            decompress(&body, 3 * MIB).map(|content| content.len()),
            Ok(3 * MIB)
        );
        let limit = 3 * MIB - 1;
        assert_eq!(
            decompress(&body, limit),
            Err(DecompressError::TooLarge { limit })
        );
    }
}

/// Sends twenty thousand maps of one entry, which would take a hundred times their bytes as values.
#[test]
fn many_small_maps_take_little_memory() {
    let auth = ClientOp::Auth(Auth {
        encoding: PayloadEncoding::MessagePack,
        ..Auth::new(Uuid::from_u128(7))
    });
    let mut op = Vec::new();
    auth.encode(&mut op);
    let maps: u16 = 20_000;
    let body = [
        &[0xdc],
        &maps.to_be_bytes()[..],
        &b"\x81\xa0\xc0".repeat(maps.into()),
    ];
    // Channel 1, and the kind "a value".
    let message = [&[1, 0][..], &body.concat()].concat();
    let steps = [step(1, &op), step(3, &message)].concat();
    let peak = peak(|| hostile::run("server_peer", &steps));
    assert!(peak < PEAK, "{peak} bytes");
}

/// A step of the target: `[kind: 1][length: 2 LE][bytes]`.
fn step(kind: u8, bytes: &[u8]) -> Vec<u8> {
    let len = u16::try_from(bytes.len()).expect("a short step");
    [&[kind], &len.to_le_bytes()[..], bytes].concat()
}
