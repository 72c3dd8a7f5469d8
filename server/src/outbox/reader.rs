//! One cursor into one stream.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use push_wire_broker::{Entry, ReadError};
use push_wire_shared::position::Cursor;
use push_wire_shared::session::op::StreamHead;
use push_wire_shared::time::Moment;

use super::Renderer;
use crate::hub::{Mark, Stream};

/// Reads one stream for one connection.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) id: u32,
    pub(super) stream: Arc<Stream>,
    pub(super) mark: Arc<Mark>,
    /// Whether its slot stands in a lane.
    pub(super) queued: bool,
    /// Everything up to here has been sent.
    after: Cursor,
    /// The client holds the value of entry `after`.
    has_base: bool,
    /// The next value goes whole, even if it was sent before.
    whole: bool,
    /// What the last heartbeat said.
    told: (Cursor, Cursor),
}

/// What one pull did.
pub(super) struct Step {
    pub(super) bytes: usize,
    pub(super) entries: u64,
    pub(super) deltas: u64,
    /// There may be more to read right away.
    pub(super) more: bool,
}

impl Reader {
    pub(super) fn new(
        id: u32,
        stream: Arc<Stream>,
        mark: Arc<Mark>,
        after: Cursor,
        has_base: bool,
    ) -> Self {
        let told = (after, after);
        Self {
            id,
            stream,
            mark,
            queued: false,
            after,
            has_base,
            whole: false,
            told,
        }
    }

    pub(super) fn want_whole(&mut self) {
        self.whole = true;
    }

    pub(super) fn seek(&mut self, after: Cursor) {
        self.after = after;
        self.has_base = false;
    }

    pub(super) fn pull(
        &mut self,
        cx: &mut Context<'_>,
        now: Moment,
        room: usize,
        renderer: &mut Renderer,
    ) -> Poll<Result<Step, ReadError>> {
        if self.stream.is_state() {
            self.pull_state(cx, now, renderer)
        } else {
            self.pull_log(cx, now, room, renderer)
        }
    }

    /// Every entry, in order.
    fn pull_log(
        &mut self,
        cx: &mut Context<'_>,
        now: Moment,
        room: usize,
        renderer: &mut Renderer,
    ) -> Poll<Result<Step, ReadError>> {
        let mut entries = Vec::new();
        ready!(
            self.stream
                .log()
                .poll_read(cx, now, self.after, room, &mut entries)
        )?;
        let mut step = Step {
            bytes: 0,
            entries: 0,
            deltas: 0,
            more: !entries.is_empty(),
        };
        for entry in &entries {
            step.bytes += renderer.entry(&self.stream, entry);
            step.entries += 1;
            self.after = entry.cursor;
        }
        Poll::Ready(Ok(step))
    }

    /// The newest value, as a delta where the client has a base and that is smaller.
    fn pull_state(
        &mut self,
        cx: &mut Context<'_>,
        now: Moment,
        renderer: &mut Renderer,
    ) -> Poll<Result<Step, ReadError>> {
        let nothing = Step {
            bytes: 0,
            entries: 0,
            deltas: 0,
            more: false,
        };
        let base = (self.has_base && !self.whole).then_some(self.after);
        let newest = ready!(self.stream.log().poll_newest(cx, now, base))?;
        let Some(entry) = newest.entry else {
            return Poll::Ready(Ok(nothing));
        };
        if entry.cursor <= self.after && !self.whole {
            return Poll::Ready(Ok(nothing));
        }
        let (bytes, deltas) = self.render_state(renderer, newest.base.as_deref(), &entry);
        self.after = entry.cursor;
        self.has_base = true;
        self.whole = false;
        Poll::Ready(Ok(Step {
            bytes,
            entries: 1,
            deltas,
            more: false,
        }))
    }

    fn render_state(
        &self,
        renderer: &mut Renderer,
        base: Option<&Entry>,
        entry: &Arc<Entry>,
    ) -> (usize, u64) {
        let delta = base.and_then(|base| renderer.delta(&self.stream, base, entry));
        match delta {
            Some(bytes) => (bytes, 1),
            None => (renderer.entry(&self.stream, entry), 0),
        }
    }

    /// What a heartbeat says of this stream, and whether that differs from the last one.
    pub(super) fn head(&mut self, now: Moment) -> (StreamHead, bool) {
        let head = self.stream.log().bounds(now).head;
        let changed = std::mem::replace(&mut self.told, (self.after, head)) != (self.after, head);
        (
            StreamHead {
                stream: self.stream.number(),
                sent: self.after,
                head,
            },
            changed,
        )
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.stream.remove_reader(&self.mark);
    }
}
