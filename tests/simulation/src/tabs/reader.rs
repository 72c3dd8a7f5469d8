//! A tab's reading of a stream, with the checks of what it is given.

use push_wire_shared::position::{Outcome, Position, ResetReason, StartAt};
use push_wire_shared::session::client::Entry;

use super::server::Published;
use crate::feed::Feed;

/// A tab's reading of a stream.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) feed: Feed,
    start: StartAt,
    /// Position after the newest entry that it was given.
    pub(super) at: Option<Position>,
    /// It was given an entry since the last reset.
    has_value: bool,
}

impl Reader {
    pub(super) const fn new(feed: Feed, start: StartAt) -> Self {
        Self {
            feed,
            start,
            at: None,
            has_value: false,
        }
    }

    /// Checks an outcome.
    pub(super) fn outcome(
        &mut self,
        outcome: Outcome,
        position: Position,
        published: &Published,
    ) -> Result<(), String> {
        let is_inbox = self.feed == Feed::Orders;
        // A reader of a state without its value begins anew.
        let at = self.at.filter(|_| self.has_value || !self.feed.is_state());
        let is_right = match (outcome, at) {
            (Outcome::Resumed { .. }, Some(at)) => {
                (at.epoch, at.cursor) == (position.epoch, position.cursor)
            }
            (Outcome::Resumed { .. }, None) if self.start == StartAt::Oldest => {
                position.cursor == 0 || is_inbox || self.feed.is_state()
            }
            (Outcome::Resumed { .. }, None) => {
                position.cursor <= published.newest(self.feed, position)
            }
            (Outcome::Reset(ResetReason::EpochChanged), Some(at)) => {
                at.epoch != position.epoch && published.is_past(self.feed, at)
            }
            // Another tab may have handled what this one was away from.
            (Outcome::Reset(ResetReason::Expired), Some(at)) => {
                is_inbox && at.cursor < position.cursor
            }
            (Outcome::Reset(_), _) => false,
        };
        if !is_right {
            return Err(format!("{self:?}: {outcome:?} at {position:?}"));
        }
        self.at = Some(position);
        self.has_value &= !matches!(outcome, Outcome::Reset(_));
        Ok(())
    }

    /// Checks that an entry is the next one.
    pub(super) fn entry(&mut self, entry: &Entry, published: &Published) -> Result<(), String> {
        let position = entry.position;
        let is_next = self.at.is_some_and(|at| {
            let is_next = position.cursor == at.cursor + 1;
            let is_newer = position.cursor > at.cursor && self.feed.is_state();
            at.epoch == position.epoch && (is_next || is_newer)
        });
        if !is_next {
            return Err(format!("{self:?} was given {position:?}"));
        }
        if published.body(self.feed, position) != Some(&entry.body[..]) {
            return Err(format!("{self:?}: {position:?} has another body"));
        }
        self.at = Some(position);
        self.has_value = true;
        Ok(())
    }
}
