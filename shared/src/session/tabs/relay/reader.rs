//! One tab's reading of a stream.

use crate::position::{Bounds, Cursor, Epoch, Outcome, Position, ResetReason, StartAt, Tag};
use crate::position::{resume, resume_state};
use crate::session::op::{ServerOp, Subscribe};
use crate::session::tabs::TabId;

/// One tab's reading of a stream.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) tab: TabId,
    /// The tab's id of the subscription.
    pub(super) id: u32,
    /// The newest entry that the tab was sent, or had before.
    pub(super) position: Option<Position>,
    pub(super) start: StartAt,
    pub(super) stage: Stage,
    /// The tab has acknowledged everything up to here.
    pub(super) acked: Cursor,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// The latest request for the stream was made without regard to this reader.
    Waiting,
    /// The latest request includes the entries for this reader; the tab awaits the outcome.
    Asked,
    Reading,
}

impl Reader {
    pub(super) const fn new(tab: TabId, request: &Subscribe) -> Self {
        Self {
            tab,
            id: request.id,
            position: request.position,
            start: request.start,
            stage: Stage::Waiting,
            acked: 0,
        }
    }

    /// Returns whether a log of which the entries after `floor` are at hand, and which was read up to `reached`, holds all
    /// that follows for the reader. A position after the head is one of a newer connection, or of another log.
    pub(super) fn can_join(&self, floor: Cursor, reached: Position, head: Cursor) -> bool {
        let Some(position) = self.position else {
            return self.start == StartAt::Newest || floor == 0;
        };
        let is_same = position.cursor == reached.cursor;
        position.epoch == reached.epoch
            && (floor..=head).contains(&position.cursor)
            && !(is_same && position.tag.conflicts_with(reached.tag))
    }

    /// Begins to read, or goes on after the stream was requested again. Returns the outcome, if it is to be told.
    pub(super) fn begin(
        &mut self,
        stream: u64,
        bounds: Bounds,
        is_state: bool,
        is_broken: bool,
    ) -> Option<ServerOp> {
        let position = self.position.map(|position| Position {
            // No position is good in a log whose entries were replaced.
            epoch: if is_broken {
                other(bounds.epoch)
            } else {
                position.epoch
            },
            ..position
        });
        let (outcome, after) = if is_state {
            resume_state(position, bounds, Tag::UNKNOWN)
        } else {
            resume(position, self.start, bounds, Tag::UNKNOWN)
        };
        let was_reading = self.stage == Stage::Reading;
        self.stage = Stage::Reading;
        match outcome {
            Outcome::Resumed { .. } if was_reading => None,
            Outcome::Resumed { caught_up } => {
                let position = position.unwrap_or(after);
                self.position = Some(position);
                self.acked = position.cursor;
                Some(ServerOp::Resumed {
                    id: self.id,
                    stream,
                    position,
                    caught_up,
                })
            }
            Outcome::Reset(reason) => {
                self.position = Some(after);
                self.acked = after.cursor;
                Some(self.reset(reason, stream, after, bounds))
            }
        }
    }

    const fn reset(
        &self,
        reason: ResetReason,
        stream: u64,
        after: Position,
        bounds: Bounds,
    ) -> ServerOp {
        ServerOp::Reset {
            id: self.id,
            reason,
            reading: Some((stream, after)),
            floor: bounds.floor,
            head: bounds.head,
        }
    }

    /// Takes the next entry; returns whether the tab is to be sent it.
    pub(super) fn take(&mut self, entry: Position) -> bool {
        let Some(position) = self.position.filter(|_| self.stage == Stage::Reading) else {
            return false;
        };
        if position.cursor == entry.cursor && position.tag.conflicts_with(entry.tag) {
            // The log has lost the entry that the tab has: it has to be requested as from another log.
            self.stage = Stage::Waiting;
            self.position = Some(Position {
                epoch: other(position.epoch),
                ..position
            });
            return false;
        }
        if entry.cursor <= position.cursor {
            return false;
        }
        self.position = Some(entry);
        true
    }
}

/// An epoch that the log does not have.
const fn other(epoch: Epoch) -> Epoch {
    Epoch(!epoch.0)
}
