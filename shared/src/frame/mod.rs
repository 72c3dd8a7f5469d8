//! Frames: one unit of the wire (docs/protocol.md section 3).

mod asset;
mod envelope;
mod flags;
mod header;
#[cfg(feature = "std")]
mod system_op;

pub use asset::{AssetCheck, AssetError, BinaryEnvelope};
pub use envelope::{Frame, RawPayload};
pub use flags::BinaryFlags;
pub use header::{FRAME_HEADER_LEN, FrameError, FrameHeader, MAGIC_HEADER, VERSION_BYTE};
#[cfg(feature = "std")]
pub use system_op::SystemOp;
