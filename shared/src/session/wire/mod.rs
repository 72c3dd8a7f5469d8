//! Records of a message, and headers of the payloads of entries and of client messages (docs/protocol.md sections 2, 4 and 7).

mod entry;
mod fragment;
mod kind;
mod record;
mod uplink;

pub use crate::encoding::{Content, read_varint, varint_len, write_varint};
pub use entry::{Body, DeltaHeader, EntryHeader};
pub use fragment::{fragment_id, fragment_of};
pub use record::{Records, write_record};
pub use uplink::UplinkHeader;

use core::fmt;

use crate::encoding::VarintError;

/// Error of reading a message or a payload.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WireError(pub &'static str);

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl core::error::Error for WireError {}

impl From<VarintError> for WireError {
    fn from(error: VarintError) -> Self {
        Self(error.0)
    }
}
