//! The push-wire protocol, shared by server and clients: channels, frames, encodings, deltas and the sans-IO
//! sessions of both ends.
//!
//! `no_std` + alloc. Nothing here reads a clock, a socket, a random source or the environment: time and seed
//! are arguments. The wire is specified in `docs/protocol.md`; comments cite its sections.
//!
//! The layers, each using only those before it: `channel, position, time, limits, quote, integer, recent, close ← encoding ←
//! frame, compression ← binary, fragment, delta ← session`; beside them `transport ← {relay, rtc}`, which need only the
//! first.
#![no_std]

extern crate alloc;
// Derived code names this crate from outside; with this it also does inside, in tests.
extern crate self as push_wire_shared;
#[cfg(any(test, feature = "std"))]
extern crate std;

pub mod binary;
pub mod channel;
pub mod close;
pub mod compression;
pub mod delta;
pub mod encoding;
pub mod event_stream;
pub mod fragment;
pub mod frame;
pub mod hidden;
mod integer;
pub mod limits;
pub mod position;
pub mod quote;
mod recent;
pub mod relay;
#[cfg(feature = "rtc")]
pub mod rtc;
pub mod session;
pub mod time;
pub mod transport;

pub use binary::{
    BinaryError, BinaryFrame, decode_frame, decode_frame_with_decompressor,
    decode_frame_with_dictionaries, decode_frame_within, encode_frame,
    encode_frame_with_compression,
};
#[cfg(feature = "zstd")]
pub use binary::{encode_frame_with_compressor, train_dictionary};
pub use channel::{ChannelKind, parse_channels};
pub use compression::{CompressionConfig, CompressionDictionary};
pub use delta::{DeltaApplyResult, DeltaError, DeltaOp, PayloadDelta, apply_delta, compute_delta};
pub use encoding::PayloadEncoding;
pub use fragment::{
    FRAGMENT_HEADER_LEN, FragmentAssembler, FragmentError, FragmentRetention, FragmentShard,
};
#[cfg(feature = "std")]
pub use frame::SystemOp;
pub use frame::{BinaryEnvelope, BinaryFlags, Frame, MAGIC_HEADER, RawPayload, VERSION_BYTE};
/// ```
/// use push_wire_shared::ChannelKind;
///
/// #[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
/// enum Channel {
///     #[channel(system)]
///     System,
///     Chat,
///     #[channel(name = "cpu", id = 7, priority = "low")]
///     CpuLoad,
/// }
///
/// assert_eq!(Channel::from_name("cpu"), Some(Channel::CpuLoad));
/// ```
#[cfg(feature = "derive")]
#[doc(inline)]
pub use push_wire_derive::ChannelKind;
#[cfg(all(feature = "rtc", feature = "std"))]
pub use rtc::RtcRouter;
#[cfg(feature = "rtc")]
pub use rtc::{RtcMessage, TurnCredential};

/// Items that derived code uses; not part of the API.
#[doc(hidden)]
pub mod __private {
    pub use serde;

    pub use crate::channel::channel_by_name;
}
