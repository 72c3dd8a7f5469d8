//! Target: binary frames with a typed payload.

use push_wire_shared::{
    BinaryFrame, CompressionConfig, PayloadEncoding, decode_frame_within,
    encode_frame_with_compression,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::bodies::{ENCODINGS, Everything};
use super::channels::Channel;

/// Limit of a decompressed payload, in bytes.
const CAP: usize = 16 * 1024;

pub(super) fn run(bytes: &[u8]) {
    for encoding in ENCODINGS {
        round_trips::<Value>(encoding, bytes);
        round_trips::<Everything>(encoding, bytes);
        round_trips::<Vec<u8>>(encoding, bytes);
    }
}

/// Checks that a frame that can be read can be written, compressed or not, and be read again.
fn round_trips<T: Serialize + DeserializeOwned>(encoding: PayloadEncoding, bytes: &[u8]) {
    let Ok(frame) = decode_frame_within::<Channel, T>(bytes, encoding, &[], CAP) else {
        return;
    };
    for threshold in [0, usize::MAX] {
        let compression = CompressionConfig {
            threshold,
            dictionary: None,
        };
        let written = encode_frame_with_compression(&frame, encoding, &compression)
            .expect("what was read can be written");
        // A value may take more bytes than the shortest way to write it: a double for each integer, in JSON.
        let again: BinaryFrame<Channel, T> = decode_frame_within(&written, encoding, &[], 32 * CAP)
            .expect("what was written can be read");
        assert_eq!(
            (again.channel, again.sequence),
            (frame.channel, frame.sequence)
        );
    }
}
