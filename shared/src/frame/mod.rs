//! Frames: one unit of the wire (docs/protocol.md section 3).

mod flags;
mod header;

pub use flags::BinaryFlags;
pub use header::{FRAME_HEADER_LEN, FrameError, FrameHeader, MAGIC_HEADER, VERSION_BYTE};
