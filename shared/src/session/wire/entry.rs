//! Payload headers of entry frames (docs/protocol.md section 4).

use alloc::vec::Vec;

use super::kind::{self, DELTA};
use super::{Content, WireError, read_varint, write_varint};
use crate::position::Tag;

/// Form of a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Body<'a> {
    /// The whole value, or bytes.
    Whole(&'a [u8]),
    /// Delta ops against an earlier value.
    Delta(DeltaHeader, &'a [u8]),
}

impl<'a> Body<'a> {
    /// Its bytes in the payload.
    #[must_use]
    pub const fn bytes(self) -> &'a [u8] {
        match self {
            Self::Whole(bytes) | Self::Delta(_, bytes) => bytes,
        }
    }

    /// The same kind of body with other bytes, after decompression.
    #[must_use]
    pub const fn with_bytes(self, bytes: &[u8]) -> Body<'_> {
        match self {
            Self::Whole(_) => Body::Whole(bytes),
            Self::Delta(header, _) => Body::Delta(header, bytes),
        }
    }
}

/// Base and result of a delta.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DeltaHeader {
    /// Entry's cursor − cursor of the value that the ops refer to; at least 1.
    pub distance: u64,
    /// First 4 bytes of the SHA-256 of that value.
    pub base_check: [u8; 4],
    /// First 16 bytes of the SHA-256 of the value that the ops make.
    pub result_check: [u8; 16],
}

/// The payload of an entry frame: `[stream: varint][kind: 1][tag: 4 BE][delta header?][body]`. If the frame is
/// compressed the body is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EntryHeader {
    /// Number of the stream, from the subscription's outcome.
    pub stream: u64,
    /// Kind of the body.
    pub content: Content,
    /// The entry's tag.
    pub tag: Tag,
}

impl EntryHeader {
    /// Appends the header of an entry that carries its body whole.
    pub fn write_whole(self, out: &mut Vec<u8>) {
        self.write_head(out, 0);
    }

    /// Appends the header of an entry that carries a delta.
    pub fn write_delta(self, delta: DeltaHeader, out: &mut Vec<u8>) {
        self.write_head(out, DELTA);
        write_varint(out, delta.distance);
        out.extend_from_slice(&delta.base_check);
        out.extend_from_slice(&delta.result_check);
    }

    fn write_head(self, out: &mut Vec<u8>, flag: u8) {
        write_varint(out, self.stream);
        out.push(kind::of(self.content) | flag);
        out.extend_from_slice(&self.tag.0.to_be_bytes());
    }

    /// Splits an entry frame's payload.
    ///
    /// # Errors
    /// Fails if the payload is cut off or of an unknown kind.
    pub fn split(payload: &[u8]) -> Result<(Self, Body<'_>), WireError> {
        let (stream, rest) = read_varint(payload)?;
        let (kind, content, rest) = kind::split(rest, DELTA)?;
        let (&tag, rest) = rest
            .split_first_chunk()
            .ok_or(WireError("an entry without its tag"))?;
        let tag = Tag(u32::from_be_bytes(tag));
        let header = Self {
            stream,
            content,
            tag,
        };
        if kind & DELTA == 0 {
            return Ok((header, Body::Whole(rest)));
        }
        let (distance, rest) = read_varint(rest)?;
        if distance == 0 {
            return Err(WireError("a delta against its own entry"));
        }
        let cut = WireError("a delta cut off in its header");
        let (&base_check, rest) = rest.split_first_chunk().ok_or(cut)?;
        let (&result_check, ops) = rest.split_first_chunk().ok_or(cut)?;
        Ok((
            header,
            Body::Delta(
                DeltaHeader {
                    distance,
                    base_check,
                    result_check,
                },
                ops,
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn content(bytes: bool) -> Content {
        if bytes {
            Content::Bytes
        } else {
            Content::Value
        }
    }

    proptest! {
        #[test]
        fn entries_survive_the_wire(stream: u64, bytes: bool, tag: u32, body: Vec<u8>) {
            let header = EntryHeader { stream, content: content(bytes), tag: Tag(tag) };
            let mut out = Vec::new();
            header.write_whole(&mut out);
            out.extend_from_slice(&body);
            prop_assert_eq!(EntryHeader::split(&out), Ok((header, Body::Whole(&body))));
        }

        #[test]
        fn deltas_survive_the_wire(
            stream: u64,
            bytes: bool,
            tag: u32,
            distance in 1u64..,
            base_check: [u8; 4],
            result_check: [u8; 16],
            ops: Vec<u8>,
        ) {
            let header = EntryHeader { stream, content: content(bytes), tag: Tag(tag) };
            let delta = DeltaHeader { distance, base_check, result_check };
            let mut out = Vec::new();
            header.write_delta(delta, &mut out);
            out.extend_from_slice(&ops);
            prop_assert_eq!(EntryHeader::split(&out), Ok((header, Body::Delta(delta, &ops))));
        }

        #[test]
        fn any_payload_is_read_or_refused(payload: Vec<u8>) {
            prop_assert!(EntryHeader::split(&payload).is_err() || !payload.is_empty());
        }
    }
}
