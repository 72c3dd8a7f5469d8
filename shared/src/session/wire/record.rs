//! Records, of which a message of the push-wire dialect consists: `[length: varint][frame]` each.

use alloc::vec::Vec;

use super::{WireError, read_varint, write_varint};
use crate::frame::{FrameError, FrameHeader};

/// Appends one frame as a record.
pub fn write_record(out: &mut Vec<u8>, header: FrameHeader, payload: &[u8]) {
    let header = header.to_bytes();
    write_varint(out, (header.len() + payload.len()) as u64);
    out.extend_from_slice(&header);
    out.extend_from_slice(payload);
}

/// The frames of a message, in order. After an error nothing more is yielded.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    rest: &'a [u8],
}

impl<'a> Records<'a> {
    /// Reads a message.
    #[must_use]
    pub const fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// The bytes after the records that were yielded; none after an error.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn read(&mut self) -> Result<(FrameHeader, &'a [u8]), WireError> {
        let (len, rest) = read_varint(self.rest)?;
        let len = usize::try_from(len).ok().filter(|&len| len <= rest.len());
        let (frame, rest) =
            rest.split_at(len.ok_or(WireError("a record longer than its message"))?);
        self.rest = rest;
        FrameHeader::split(frame).map_err(|error| {
            WireError(match error {
                FrameError::TooShort => "a frame shorter than its header",
                FrameError::InvalidMagic => "a frame that does not begin with RP",
                FrameError::UnsupportedVersion(_) => "a frame of another version",
                FrameError::UnknownFlags(_) => "a frame with unknown flags",
            })
        })
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<(FrameHeader, &'a [u8]), WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let record = self.read();
        if record.is_err() {
            self.rest = &[];
        }
        Some(record)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::frame::BinaryFlags;

    proptest! {
        #[test]
        fn frames_survive_sharing_a_message(frames: Vec<(u8, u32, Vec<u8>)>) {
            let mut message = Vec::new();
            for (channel, sequence, payload) in &frames {
                let flags = BinaryFlags::default();
                let header = FrameHeader { flags, channel: *channel, sequence: *sequence };
                write_record(&mut message, header, payload);
            }
            let read: Result<Vec<_>, _> = Records::new(&message).collect();
            let read = read?.into_iter().map(|(h, p)| (h.channel, h.sequence, p.to_vec()));
            prop_assert_eq!(read.collect::<Vec<_>>(), frames);
        }

        #[test]
        fn any_bytes_end(bytes: Vec<u8>) {
            let records: Vec<_> = Records::new(&bytes).collect();
            prop_assert!(records.len() <= bytes.len());
        }
    }
}
