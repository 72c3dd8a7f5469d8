//! Binary frames with a typed payload: a header, and a value in MessagePack, CBOR or JSON, compressed where that helps.
//!
//! ```
//! use push_wire_shared::{
//!     BinaryFlags, BinaryFrame, ChannelKind, PayloadEncoding, decode_frame, encode_frame,
//! };
//!
//! #[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
//! enum Channel {
//!     #[channel(system)]
//!     System,
//!     Ticks,
//! }
//!
//! let frame = BinaryFrame {
//!     channel: Channel::Ticks,
//!     flags: BinaryFlags::default(),
//!     sequence: 1,
//!     payload: ("EURUSD".to_string(), 1.0841),
//! };
//! let bytes = encode_frame(&frame, PayloadEncoding::MessagePack)?;
//! assert_eq!(decode_frame(&bytes, PayloadEncoding::MessagePack), Ok(frame));
//! # Ok::<(), push_wire_shared::BinaryError>(())
//! ```

mod codec;
mod error;

use alloc::vec::Vec;

use crate::{BinaryFlags, ChannelKind};

pub use codec::{
    decode_frame, decode_frame_with_decompressor, decode_frame_with_dictionaries,
    decode_frame_within, encode_frame, encode_frame_with_compression,
};
#[cfg(feature = "zstd")]
pub use codec::{encode_frame_with_compressor, train_dictionary};
pub use error::BinaryError;

/// One frame with a typed payload.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BinaryFrame<C: ChannelKind, T = Vec<u8>> {
    /// Channel of the frame.
    pub channel: C,
    /// Flags. Encoding sets `compressed` itself, and keeps the others.
    pub flags: BinaryFlags,
    /// Number of the frame: counted by the sender, wrapping.
    pub sequence: u32,
    /// Content of the frame.
    pub payload: T,
}
