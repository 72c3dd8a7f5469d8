//! Streams that were opened for the session and are not read yet.

use std::collections::VecDeque;

use push_wire_shared::position::{Position, Tag};
use push_wire_shared::session::server::Opened;
use push_wire_shared::time::Moment;

use crate::hub::OpenStream;

/// Result of a lookup of a stream: its bounds, and the tag at the client's position.
pub(super) fn lookup_stream(
    now: Moment,
    stream: &OpenStream,
    position: Option<Position>,
) -> Opened {
    let tag = |position: Position| stream.log().tag(position.cursor);
    Opened::Readable {
        stream: stream.number(),
        bounds: stream.log().bounds(now),
        found: position.map_or(Tag::UNKNOWN, tag),
    }
}

/// Opened streams by the number of the lookup, in the order of the lookups.
#[derive(Default, Debug)]
pub(super) struct OpenedStreams {
    streams: VecDeque<(u64, OpenStream)>,
}

impl OpenedStreams {
    /// Adds the stream of the newest lookup.
    pub(super) fn insert(&mut self, lookup: u64, stream: OpenStream) {
        self.streams.push_back((lookup, stream));
    }

    /// Takes the stream of a lookup. Streams are read in the order of their lookups, so older ones are dropped.
    pub(super) fn take(&mut self, lookup: u64) -> Option<OpenStream> {
        while let Some((opened, stream)) = self.streams.pop_front() {
            if opened == lookup {
                if self.streams.is_empty() {
                    // The capacity of a busy moment is not kept: most connections are idle.
                    self.streams = VecDeque::new();
                }
                return Some(stream);
            }
        }
        None
    }

    /// Number of streams.
    #[cfg(any(test, feature = "__internals"))]
    pub(super) fn len(&self) -> usize {
        self.streams.len()
    }
}
