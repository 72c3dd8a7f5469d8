//! Sizes of a compressed body, checked before anything is allocated for it.

#[cfg(feature = "ruzstd")]
use alloc::vec::Vec;

use super::{DecompressError, MAGIC};
use crate::limits::ZSTD_WINDOW_BYTES;

/// The shortest block: a header, and one byte that is repeated.
const BLOCK_MIN: usize = 4;
/// Largest content of one block (RFC 8878 section 3.1.1.2.3).
const BLOCK_CONTENT_MAX: usize = 128 * 1024;

/// A compressed body whose sizes are within the limits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Body<'a> {
    /// Our id of the dictionary; 0 for none.
    pub(super) dictionary: u32,
    /// The zstd frame, and whatever follows it.
    #[cfg(feature = "zstd")]
    pub(super) frame: &'a [u8],
    /// The blocks of that frame, after its header.
    pub(super) blocks: &'a [u8],
    header: Header<'a>,
    /// Size of the content, if the frame states it.
    pub(super) content_bytes: Option<usize>,
    /// zstd's own id of the dictionary; 0 if the frame does not name one. (The C library checks it itself.)
    pub(super) zstd_dictionary: u32,
}

impl<'a> Body<'a> {
    /// Splits a body, and checks its sizes against the limits.
    pub(super) fn read(body: &'a [u8], max_bytes: usize) -> Result<Self, DecompressError> {
        let (dictionary, frame) = body
            .split_first_chunk::<4>()
            .ok_or(DecompressError::NotZstd)?;
        let (header, blocks) = Header::read(frame).ok_or(DecompressError::NotZstd)?;
        if header.window > ZSTD_WINDOW_BYTES {
            return Err(DecompressError::WindowTooLarge {
                window: header.window,
            });
        }
        let content_bytes = match header.content.map(usize::try_from) {
            None => None,
            Some(Ok(bytes)) if bytes <= max_bytes => Some(bytes),
            Some(_) => return Err(DecompressError::TooLarge { limit: max_bytes }),
        };
        // The stated size will be allocated, so it must be possible.
        let most = (frame.len() / BLOCK_MIN + 1).saturating_mul(BLOCK_CONTENT_MAX);
        if content_bytes.is_some_and(|bytes| bytes > most) {
            return Err(DecompressError::Malformed);
        }
        Ok(Self {
            dictionary: u32::from_be_bytes(*dictionary),
            #[cfg(feature = "zstd")]
            frame,
            blocks,
            header,
            content_bytes,
            zstd_dictionary: header.dictionary,
        })
    }

    /// The frame's header without zstd's own id of the dictionary.
    #[cfg(feature = "ruzstd")]
    pub(super) fn plain_header(&self) -> Vec<u8> {
        let Header {
            descriptor,
            window_bytes,
            content_bytes,
            ..
        } = self.header;
        let descriptor = [descriptor & !DICTIONARY_WIDTH];
        [&MAGIC, &descriptor[..], window_bytes, content_bytes].concat()
    }
}

/// A zstd frame's header (RFC 8878 section 3.1.1.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Header<'a> {
    descriptor: u8,
    /// Window descriptor; empty when the content's size is the window size.
    window_bytes: &'a [u8],
    /// The content's size as it is written.
    content_bytes: &'a [u8],
    /// Bytes that a decoder has to keep.
    window: u64,
    /// Size of the content, if the frame states it.
    content: Option<u64>,
    /// 0 for none.
    dictionary: u32,
}

/// Bits of the descriptor that give the length of zstd's own dictionary id.
const DICTIONARY_WIDTH: u8 = 0b11;

impl<'a> Header<'a> {
    /// The header and what follows it; none when it is cut off or of no known form.
    fn read(frame: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let rest = frame.strip_prefix(&MAGIC)?;
        let (&descriptor, rest) = rest.split_first()?;
        let reserved = descriptor & 0x08 != 0;
        if reserved {
            return None;
        }
        let single_segment = descriptor & 0x20 != 0;
        let (window_bytes, rest) = rest.split_at_checked(usize::from(!single_segment))?;
        let dictionary_width = [0, 1, 2, 4][usize::from(descriptor & DICTIONARY_WIDTH)];
        let (dictionary, rest) = rest.split_at_checked(dictionary_width)?;
        let content_width = match descriptor >> 6 {
            0 => usize::from(single_segment),
            code => 1 << code,
        };
        let (content_bytes, blocks) = rest.split_at_checked(content_width)?;
        let content = match content_width {
            0 => None,
            // So that two bytes begin where one ends.
            2 => Some(little_endian(content_bytes) + 256),
            _ => Some(little_endian(content_bytes)),
        };
        let header = Self {
            descriptor,
            window_bytes,
            content_bytes,
            window: window_bytes.first().copied().map(window).or(content)?,
            content,
            dictionary: u32::try_from(little_endian(dictionary)).ok()?,
        };
        Some((header, blocks))
    }
}

/// The window of this descriptor: exponent in the high five bits, eighths of it in the low three.
fn window(descriptor: u8) -> u64 {
    let base = 1_u64 << (10 + (descriptor >> 3));
    base + base / 8 * u64::from(descriptor & 7)
}

/// Reads a little-endian number of at most eight bytes.
fn little_endian(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |n, &byte| n << 8 | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Window, content and dictionary.
    type Sizes = (u64, Option<u64>, u32);

    fn header(rest: &[u8]) -> Option<Sizes> {
        let frame = [&MAGIC, rest].concat();
        let (header, blocks) = Header::read(&frame)?;
        assert_eq!(blocks, b"");
        Some((header.window, header.content, header.dictionary))
    }

    #[test]
    fn headers_say_window_content_and_dictionary() {
        assert_eq!(header(&[0x00, 0x58]), Some((2 << 20, None, 0)));
        let single_segment = [0x62, 0x02, 0x01, 44, 0];
        assert_eq!(header(&single_segment), Some((300, Some(300), 0x0102)));
        let eight_byte_content = [0xc5, 0x01, 7, 0, 0, 0, 0, 0, 1, 0, 0];
        let window = 1 << 10 | 1 << 7;
        assert_eq!(
            header(&eight_byte_content),
            Some((window, Some(1 << 40), 7))
        );
    }

    #[cfg(feature = "ruzstd")]
    #[test]
    fn plain_headers_name_no_dictionary() {
        for (named, plain) in [
            (&[0x62, 0x02, 0x01, 44, 0][..], &[0x60, 44, 0][..]),
            (&[0x01, 0x58, 7], &[0x00, 0x58]),
            (&[0x00, 0x58], &[0x00, 0x58]),
        ] {
            let body = [&[0; 4], &MAGIC[..], named].concat();
            let body = Body::read(&body, 300).unwrap();
            assert_eq!(body.plain_header(), [&MAGIC, plain].concat());
        }
    }

    #[test]
    fn refuses_bytes_without_header() {
        assert_eq!(header(&[]), None);
        assert_eq!(header(&[0x00]), None);
        assert_eq!(header(&[0x08, 0x58]), None, "reserved bit");
        assert_eq!(header(&[0xc1, 0x01, 7, 0]), None, "cut off");
        assert!(
            Header::read(b"\x50\x2a\x4d\x18\0\0\0\0").is_none(),
            "skippable"
        );
    }

    #[test]
    fn limits_hold_before_anything_is_decoded() {
        let with_window = |descriptor| [&[0; 4], &MAGIC[..], &[0x00, descriptor]].concat();
        assert!(Body::read(&with_window(0x58), 10).is_ok());
        assert_eq!(
            Body::read(&with_window(0x59), 10),
            Err(DecompressError::WindowTooLarge { window: 2_359_296 })
        );
        assert_eq!(
            Body::read(&with_window(0xff), 10),
            Err(DecompressError::WindowTooLarge {
                window: (1 << 41) / 8 * 15
            })
        );
        let of_eleven = [&[0; 4], &MAGIC[..], &[0x20, 11]].concat();
        assert!(Body::read(&of_eleven, 11).is_ok());
        assert_eq!(
            Body::read(&of_eleven, 10),
            Err(DecompressError::TooLarge { limit: 10 })
        );
    }
}
