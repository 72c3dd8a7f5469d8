//! Encoding and decoding of binary frames.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{BinaryError, BinaryFrame};
#[cfg(feature = "zstd")]
use crate::compression::native::{Compressor, PreparedDictionary};
use crate::compression::{CompressionConfig, CompressionDictionary, Decompressor};
use crate::frame::{FRAME_HEADER_LEN, FrameHeader};
use crate::limits::VALUE_BYTES;
use crate::{BinaryFlags, ChannelKind, PayloadEncoding};

/// Encodes a frame; payloads of 512 bytes or more are compressed if that makes them smaller (and compression
/// is built in).
///
/// # Errors
/// Fails if the payload cannot be written in this encoding or is nested too deep.
pub fn encode_frame<C: ChannelKind, T: Serialize>(
    frame: &BinaryFrame<C, T>,
    encoding: PayloadEncoding,
) -> Result<Vec<u8>, BinaryError> {
    encode_frame_with_compression(frame, encoding, &CompressionConfig::default())
}

/// Encodes a frame; payloads from the threshold on are compressed if that makes them smaller (and compression
/// is built in: Cargo feature `zstd`).
///
/// # Errors
/// Fails if the payload cannot be written in this encoding or is nested too deep, or the dictionary cannot be used.
pub fn encode_frame_with_compression<C: ChannelKind, T: Serialize>(
    frame: &BinaryFrame<C, T>,
    encoding: PayloadEncoding,
    compression: &CompressionConfig,
) -> Result<Vec<u8>, BinaryError> {
    encode(frame, encoding, compression.threshold, |out, body| {
        compress_into(out, body, compression)
    })
}

/// Encodes a frame with a compressor and a dictionary that the caller keeps ready; payloads of `threshold` bytes or
/// more are compressed if that makes them smaller. Saves the comparison of the dictionary's bytes that
/// [`encode_frame_with_compression`] makes at each call, a sixth of its time for a small message.
///
/// # Errors
/// Fails if the payload cannot be written in this encoding or is nested too deep.
#[cfg(feature = "zstd")]
pub fn encode_frame_with_compressor<C: ChannelKind, T: Serialize>(
    frame: &BinaryFrame<C, T>,
    encoding: PayloadEncoding,
    threshold: usize,
    compressor: &mut Compressor,
    dictionary: Option<&PreparedDictionary>,
) -> Result<Vec<u8>, BinaryError> {
    encode(frame, encoding, threshold, |out, body| {
        Ok(compressor.compress_into(out, body, dictionary))
    })
}

/// Encodes a frame. `compress` appends the compressed payload and returns whether it did; if not, the payload is sent
/// as it is.
fn encode<C: ChannelKind, T: Serialize>(
    frame: &BinaryFrame<C, T>,
    encoding: PayloadEncoding,
    threshold: usize,
    compress: impl FnOnce(&mut Vec<u8>, &[u8]) -> Result<bool, BinaryError>,
) -> Result<Vec<u8>, BinaryError> {
    let body = encoding.encode(&frame.payload)?;
    let mut header = FrameHeader {
        flags: BinaryFlags {
            compressed: true,
            ..frame.flags
        },
        channel: frame.channel.wire_id(),
        sequence: frame.sequence,
    };
    let mut out = Vec::with_capacity(FRAME_HEADER_LEN + body.len());
    out.extend_from_slice(&header.to_bytes());
    if body.len() < threshold || !compress(&mut out, &body)? {
        header.flags.compressed = false;
        out.clear();
        out.extend_from_slice(&header.to_bytes());
        out.extend_from_slice(&body);
    }
    Ok(out)
}

/// Decodes a frame that needs no dictionary, whose payload is at most 16 MiB.
///
/// # Errors
/// Fails if the header, the compressed body or the payload is malformed.
pub fn decode_frame<C: ChannelKind, T: DeserializeOwned>(
    bytes: &[u8],
    encoding: PayloadEncoding,
) -> Result<BinaryFrame<C, T>, BinaryError> {
    decode_frame_with_dictionaries(bytes, encoding, &[])
}

/// Decodes a frame that may need one of these dictionaries, whose payload is at most 16 MiB.
///
/// # Errors
/// Fails if the header, the compressed body or the payload is malformed, or the dictionary is not among these.
pub fn decode_frame_with_dictionaries<C: ChannelKind, T: DeserializeOwned>(
    bytes: &[u8],
    encoding: PayloadEncoding,
    dictionaries: &[CompressionDictionary],
) -> Result<BinaryFrame<C, T>, BinaryError> {
    decode_frame_within(bytes, encoding, dictionaries, VALUE_BYTES)
}

/// Decodes a frame whose payload is at most `max_bytes` long after decompression.
///
/// # Errors
/// As [`decode_frame_with_dictionaries`], and [`BinaryError::TooLarge`] when the payload is longer.
pub fn decode_frame_within<C: ChannelKind, T: DeserializeOwned>(
    bytes: &[u8],
    encoding: PayloadEncoding,
    dictionaries: &[CompressionDictionary],
    max_bytes: usize,
) -> Result<BinaryFrame<C, T>, BinaryError> {
    decode(bytes, encoding, max_bytes, |body| {
        decompress(body, dictionaries, max_bytes)
    })
}

/// Decodes a frame with a decompressor that the caller keeps, and which has its dictionary; the payload is at most
/// `max_bytes` long after decompression. Saves the comparison of the dictionary's bytes that
/// [`decode_frame_with_dictionaries`] makes at each call, a third of its time for a small message.
///
/// # Errors
/// As [`decode_frame_within`].
pub fn decode_frame_with_decompressor<C: ChannelKind, T: DeserializeOwned>(
    bytes: &[u8],
    encoding: PayloadEncoding,
    decompressor: &mut Decompressor,
    max_bytes: usize,
) -> Result<BinaryFrame<C, T>, BinaryError> {
    decode(bytes, encoding, max_bytes, |body| {
        Ok(decompressor.decompress(body, max_bytes)?)
    })
}

fn decode<C: ChannelKind, T: DeserializeOwned>(
    bytes: &[u8],
    encoding: PayloadEncoding,
    max_bytes: usize,
    decompress: impl FnOnce(&[u8]) -> Result<Vec<u8>, BinaryError>,
) -> Result<BinaryFrame<C, T>, BinaryError> {
    let (header, body) = FrameHeader::split(bytes)?;
    let channel = C::from_wire_id(header.channel);
    let channel = channel.ok_or(BinaryError::UnknownChannel(header.channel))?;
    let body = if header.flags.compressed {
        Cow::Owned(decompress(body)?)
    } else if body.len() > max_bytes {
        return Err(BinaryError::TooLarge { limit: max_bytes });
    } else {
        Cow::Borrowed(body)
    };
    Ok(BinaryFrame {
        channel,
        flags: header.flags,
        sequence: header.sequence,
        payload: encoding.decode(&body)?,
    })
}

/// Trains a dictionary of at most `size` bytes from samples of the payloads that it will serve.
///
/// # Errors
/// Fails if the id is 0, the size is above [`DICTIONARY_BYTES`](crate::limits::DICTIONARY_BYTES), or there are too
/// few samples; see [`compression::native::train_dictionary`](crate::compression::native::train_dictionary).
#[cfg(feature = "zstd")]
pub fn train_dictionary(
    samples: &[&[u8]],
    size: usize,
    id: u32,
) -> Result<CompressionDictionary, BinaryError> {
    Ok(crate::compression::native::train_dictionary(
        samples, size, id,
    )?)
}

/// Appends the compressed body if that is smaller; returns whether it is.
#[cfg(feature = "zstd")]
fn compress_into(
    out: &mut Vec<u8>,
    body: &[u8],
    compression: &CompressionConfig,
) -> Result<bool, BinaryError> {
    use crate::compression::native::thread;
    Ok(thread::compress_into(
        out,
        body,
        compression.dictionary.as_ref(),
    )?)
}

/// Without the feature `zstd` nothing is compressed.
#[cfg(not(feature = "zstd"))]
fn compress_into(
    _out: &mut Vec<u8>,
    _body: &[u8],
    _compression: &CompressionConfig,
) -> Result<bool, BinaryError> {
    Ok(false)
}

#[cfg(feature = "zstd")]
fn decompress(
    body: &[u8],
    dictionaries: &[CompressionDictionary],
    max_bytes: usize,
) -> Result<Vec<u8>, BinaryError> {
    use crate::compression::native::thread;
    Ok(thread::decompress(body, dictionaries, max_bytes)?)
}

#[cfg(not(feature = "zstd"))]
fn decompress(
    body: &[u8],
    dictionaries: &[CompressionDictionary],
    max_bytes: usize,
) -> Result<Vec<u8>, BinaryError> {
    let mut decompressor = Decompressor::new();
    for dictionary in dictionaries {
        decompressor.add_dictionary(dictionary)?;
    }
    Ok(decompressor.decompress(body, max_bytes)?)
}
