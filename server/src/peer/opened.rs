//! Streams between the session's look at them and the first read.

use std::collections::VecDeque;

use push_wire_shared::position::{Position, Tag};
use push_wire_shared::session::server::Opened;
use push_wire_shared::time::Moment;

use crate::hub::OpenStream;

/// Result of a look at a stream, for a client that has everything up to `position`.
pub(super) fn look_at(now: Moment, stream: &OpenStream, position: Option<Position>) -> Opened {
    let tag = |position: Position| stream.log().tag(position.cursor);
    Opened::Readable {
        stream: stream.number(),
        bounds: stream.log().bounds(now),
        found: position.map_or(Tag::UNKNOWN, tag),
    }
}

/// Streams that the session reads soon, by the number of its look, in the order of the looks.
#[derive(Default, Debug)]
pub(super) struct OpenedStreams {
    streams: VecDeque<(u64, OpenStream)>,
}

impl OpenedStreams {
    /// Adds the stream of a look, the newest one.
    pub(super) fn insert(&mut self, look: u64, stream: OpenStream) {
        self.streams.push_back((look, stream));
    }

    /// Takes the stream of a look. Streams are read in the order of their looks, so older ones are not read any more and
    /// are dropped.
    pub(super) fn take(&mut self, look: u64) -> Option<OpenStream> {
        while let Some((opened, stream)) = self.streams.pop_front() {
            if opened == look {
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
