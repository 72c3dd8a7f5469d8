//! Record of a run: entries published into each incarnation of each stream, and messages of each client.
//!
//! The checks of [`super::check`] compare what clients receive with it.

use std::collections::{HashMap, HashSet};

use push_wire_shared::position::{Cursor, Epoch, Position, StreamKey, Tag};
use push_wire_shared::time::Moment;
use uuid::Uuid;

use super::check::{Promise, PromiseError};
use super::feed::Feed;

/// Record of all streams and messages of one run.
#[derive(Debug, Default)]
pub struct Model {
    logs: HashMap<StreamKey, Vec<Incarnation>>,
    /// Streams whose newest incarnation the running server has.
    current: HashSet<StreamKey>,
    /// Inboxes whose session may have ended: the next entry may begin another epoch.
    doubtful: HashSet<StreamKey>,
    /// Highest cursor that any page of the inbox's client has handled: what may have been dropped.
    acknowledged: HashMap<(StreamKey, Epoch), Cursor>,
    senders: HashMap<Uuid, Sender>,
    published: u64,
}

#[derive(Debug)]
struct Incarnation {
    epoch: Epoch,
    /// Entries of the cursors 1, 2, 3 …
    entries: Vec<Published>,
    /// Entries that the store lost. Their cursors may have been given to other entries.
    lost: Vec<(Cursor, Published)>,
    /// Highest head so far.
    highest: Cursor,
}

impl Incarnation {
    const fn new(epoch: Epoch) -> Self {
        Self {
            epoch,
            entries: Vec::new(),
            lost: Vec::new(),
            highest: 0,
        }
    }

    fn head(&self) -> Cursor {
        self.entries.len() as u64
    }

    fn at(&self, cursor: Cursor) -> Option<&Published> {
        let index = usize::try_from(cursor.checked_sub(1)?).ok()?;
        self.entries.get(index)
    }
}

#[derive(Debug)]
struct Published {
    at: Moment,
    tag: Tag,
    body: Vec<u8>,
}

/// Messages of one client id, and their results.
#[derive(Debug, Default)]
struct Sender {
    sent: Vec<MessageState>,
    /// Last message that the client's session accepted.
    session: Option<Accepted>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct MessageState {
    accepted: bool,
    confirmed: bool,
    /// Its page was reloaded, so no answer is expected.
    given_up: bool,
}

#[derive(Clone, Copy, Debug)]
struct Accepted {
    number: u64,
    message: usize,
    may_have_ended: bool,
}

impl Model {
    /// Draws the next number of a publication, from 1.
    pub fn next_publication(&mut self) -> u64 {
        self.published += 1;
        self.published
    }

    /// Records an accepted publication.
    ///
    /// # Errors
    /// Fails if the server numbered it otherwise than densely within its epoch, or began an epoch anew.
    pub fn published(
        &mut self,
        now: Moment,
        stream: &StreamKey,
        at: Position,
        body: Vec<u8>,
    ) -> Result<(), PromiseError> {
        if let Some(head) = self.head(stream)
            && head.epoch != at.epoch
            && self.may_be_forgotten(stream)
        {
            self.current.remove(stream);
        }
        self.doubtful.remove(stream);
        let log = self.logs.entry(stream.clone()).or_default();
        if !self.current.contains(stream) {
            if log.iter().any(|old| old.epoch == at.epoch) {
                return Err(Promise::Epochs.broken(format!("{stream:?} keeps epoch {}", at.epoch)));
            }
            self.current.insert(stream.clone());
            log.push(Incarnation::new(at.epoch));
        }
        let newest = log.last_mut().filter(|newest| newest.epoch == at.epoch);
        let Some(newest) = newest else {
            let what = format!("{stream:?} changed its epoch while its log stood");
            return Err(Promise::Epochs.broken(what));
        };
        newest.entries.push(Published {
            at: now,
            tag: at.tag,
            body,
        });
        newest.highest = newest.highest.max(newest.head());
        if at.cursor != newest.head() {
            let what = format!("{stream:?}: entry {} got {at:?}", newest.head());
            return Err(Promise::Dense.broken(what));
        }
        Ok(())
    }

    /// Returns whether the server may have forgotten a log, and its epoch with it: an inbox whose session may have ended.
    #[must_use]
    pub fn may_be_forgotten(&self, stream: &StreamKey) -> bool {
        self.doubtful.contains(stream)
    }

    /// Records that the server lost all logs and sessions.
    pub fn restarted(&mut self) {
        self.current.clear();
        self.doubtful.clear();
        self.sessions_lost();
    }

    /// Records that the server lost its sessions and the `lost` newest entries of a stream; its logs go on.
    pub fn restored(&mut self, stream: &StreamKey, lost: usize) {
        self.sessions_lost();
        let log = self.logs.get_mut(stream).and_then(|logs| logs.last_mut());
        let Some(log) = log.filter(|_| self.current.contains(stream)) else {
            return;
        };
        for _ in 0..lost {
            let cursor = log.head();
            log.lost
                .extend(log.entries.pop().map(|entry| (cursor, entry)));
        }
        let acknowledged = self.acknowledged.get_mut(&(stream.clone(), log.epoch));
        if let Some(acknowledged) = acknowledged {
            *acknowledged = log.head().min(*acknowledged);
        }
    }

    fn sessions_lost(&mut self) {
        for sender in self.senders.values_mut() {
            sender.session = None;
        }
    }

    /// The body of an entry.
    #[must_use]
    pub fn body(&self, stream: &StreamKey, at: Position) -> Option<&[u8]> {
        Some(&self.entry(stream, at)?.body)
    }

    fn entry(&self, stream: &StreamKey, at: Position) -> Option<&Published> {
        let log = self.incarnation(stream, at.epoch)?;
        let lost = log.lost.iter().filter(|(cursor, _)| *cursor == at.cursor);
        let mut known = log
            .at(at.cursor)
            .into_iter()
            .chain(lost.map(|(_, entry)| entry));
        known.find(|entry| !entry.tag.conflicts_with(at.tag))
    }

    fn incarnation(&self, stream: &StreamKey, epoch: Epoch) -> Option<&Incarnation> {
        let incarnations = self.logs.get(stream)?;
        incarnations.iter().find(|log| log.epoch == epoch)
    }

    /// Returns whether the store has lost this entry.
    #[must_use]
    pub fn is_lost(&self, stream: &StreamKey, at: Position) -> bool {
        let Some(log) = self.incarnation(stream, at.epoch) else {
            return false;
        };
        match log.at(at.cursor) {
            Some(entry) => entry.tag.conflicts_with(at.tag),
            None => log.head() < at.cursor && at.cursor <= log.highest,
        }
    }

    /// The newest position of a stream, if anything was published into the log that stands now.
    #[must_use]
    pub fn head(&self, stream: &StreamKey) -> Option<Position> {
        let newest = self
            .current
            .contains(stream)
            .then(|| self.logs.get(stream)?.last())??;
        Some(Position {
            epoch: newest.epoch,
            cursor: newest.head(),
            tag: newest
                .entries
                .last()
                .map_or(Tag::UNKNOWN, |entry| entry.tag),
        })
    }

    /// The highest head that one incarnation of a stream ever had; 0 for one that nothing was published into.
    #[must_use]
    pub fn highest_head(&self, stream: &StreamKey, epoch: Epoch) -> Cursor {
        self.incarnation(stream, epoch).map_or(0, |log| log.highest)
    }

    /// Returns whether this epoch belongs to a log of the stream that is gone.
    #[must_use]
    pub fn is_past(&self, stream: &StreamKey, epoch: Epoch) -> bool {
        let incarnations = self.logs.get(stream).map_or(&[][..], Vec::as_slice);
        incarnations.iter().any(|log| log.epoch == epoch)
            && self.head(stream).is_none_or(|head| head.epoch != epoch)
    }

    /// Records that a page has handled a stream's entries up to a position.
    pub fn handled(&mut self, stream: &StreamKey, at: Position) {
        let newest = self
            .acknowledged
            .entry((stream.clone(), at.epoch))
            .or_default();
        *newest = at.cursor.max(*newest);
    }

    /// Returns whether a reader at this position is too far behind for a feed that drops entries, by all that was published
    /// into its log until now. What the store has lost since counts, too: the statement may have been on its way.
    #[must_use]
    pub fn may_skip(&self, now: Moment, feed: Feed, stream: &StreamKey, at: Position) -> bool {
        let Some((max, log)) = feed.max_lag().zip(self.incarnation(stream, at.epoch)) else {
            return false;
        };
        let after = usize::try_from(at.cursor).unwrap_or(usize::MAX);
        let kept = log.entries.get(after..).unwrap_or_default();
        let lost = log.lost.iter().filter(|(cursor, _)| *cursor > at.cursor);
        let unread = || kept.iter().chain(lost.clone().map(|(_, entry)| entry));
        let bytes: usize = unread().map(|entry| entry.body.len()).sum();
        unread().count() as u64 > max.entries
            || bytes > max.bytes
            || unread().any(|entry| now.since(entry.at) > max.age)
    }

    /// Returns whether retention allows that this entry is not there any more.
    #[must_use]
    pub fn may_be_gone(&self, now: Moment, feed: Feed, stream: &StreamKey, at: Position) -> bool {
        let acknowledged = self.acknowledged.get(&(stream.clone(), at.epoch));
        if acknowledged.is_some_and(|&acknowledged| at.cursor <= acknowledged) {
            return true;
        }
        let Some(entry) = self.entry(stream, at) else {
            return false;
        };
        let after = self.highest_head(stream, at.epoch) - at.cursor;
        after >= feed.kept_entries() as u64 || now.since(entry.at) >= feed.kept_age()
    }
}

/// Record of client messages.
impl Model {
    /// Records that a client sends a message. Returns the message's number, from 0.
    pub fn send(&mut self, client: Uuid) -> usize {
        let sent = &mut self.senders.entry(client).or_default().sent;
        sent.push(MessageState::default());
        sent.len() - 1
    }

    /// Records that no answer is expected for these messages of a client.
    pub fn give_up(&mut self, client: Uuid, messages: impl IntoIterator<Item = usize>) {
        for message in messages {
            if let Some(state) = self.state(client, message) {
                state.given_up = true;
            }
        }
    }

    /// Records that a client was away for longer than its session's time to live: the server may have begun another.
    pub fn session_may_have_ended(&mut self, client: Uuid) {
        self.doubtful.insert(Feed::Orders.stream(client));
        let sender = self.senders.get_mut(&client);
        if let Some(session) = sender.and_then(|sender| sender.session.as_mut()) {
            session.may_have_ended = true;
        }
    }

    /// Records that the server has ended a client's session, with its inbox.
    pub fn session_ended(&mut self, client: Uuid) {
        let inbox = Feed::Orders.stream(client);
        self.doubtful.remove(&inbox);
        // An empty log may go on: it shows nobody what was in it.
        if self.head(&inbox).is_some_and(|head| head.cursor > 0) {
            self.current.remove(&inbox);
        }
        if let Some(sender) = self.senders.get_mut(&client) {
            sender.session = None;
        }
    }

    /// Records that the server accepted a message. Each is accepted once and in order within a session, and never after it
    /// was confirmed.
    ///
    /// # Errors
    /// Fails if it is a repeat, out of order, or was never sent.
    pub fn accepted(
        &mut self,
        client: Uuid,
        number: u64,
        message: usize,
    ) -> Result<(), PromiseError> {
        let broken = |what: &str| {
            let what = format!("client {client}, message {message} as number {number}: {what}");
            Err(Promise::ClientMessages.broken(what))
        };
        let Some(sender) = self.senders.get_mut(&client) else {
            return broken("never sent");
        };
        match sender.session {
            Some(last) if number == 1 && last.may_have_ended => {}
            Some(last) if number != last.number + 1 => return broken("does not follow the last"),
            Some(last) if message <= last.message => return broken("a repeat, or out of order"),
            None if number != 1 => return broken("a session that does not begin at 1"),
            Some(_) | None => {}
        }
        sender.session = Some(Accepted {
            number,
            message,
            may_have_ended: false,
        });
        let Some(state) = sender.sent.get_mut(message) else {
            return broken("never sent");
        };
        if state.confirmed {
            return broken("accepted again after it was confirmed");
        }
        state.accepted = true;
        Ok(())
    }

    /// Records that the page's message was confirmed.
    ///
    /// # Errors
    /// Fails if the message was not taken, or was confirmed before.
    pub fn confirmed(&mut self, client: Uuid, message: usize) -> Result<(), PromiseError> {
        let state = self.state(client, message).copied().unwrap_or_default();
        if !state.accepted || state.confirmed {
            let what = format!("client {client}, message {message}: confirmed while {state:?}");
            return Err(Promise::ClientMessages.broken(what));
        }
        if let Some(state) = self.state(client, message) {
            state.confirmed = true;
        }
        Ok(())
    }

    /// First message of a client whose answer is expected and that is not confirmed.
    #[must_use]
    pub fn unconfirmed(&self, client: Uuid) -> Option<usize> {
        let sent = &self.senders.get(&client)?.sent;
        sent.iter()
            .position(|state| !state.confirmed && !state.given_up)
    }

    fn state(&mut self, client: Uuid, message: usize) -> Option<&mut MessageState> {
        self.senders.get_mut(&client)?.sent.get_mut(message)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use push_wire_shared::position::Epoch;

    use super::*;

    #[test]
    fn lost_entries_count_for_a_skip() {
        let now = Moment::after_origin(Duration::from_secs(1));
        let stream = Feed::Samples.stream(Uuid::nil());
        let at = |cursor| Position::untagged(Epoch(1), cursor);
        let mut model = Model::default();
        let most = Feed::Samples.max_lag().map_or(0, |max| max.entries);
        for cursor in 1..=most + 1 {
            let published = model.published(now, &stream, at(cursor), b"{}".to_vec());
            assert_eq!(published, Ok(()));
        }
        model.restored(&stream, 4);
        assert!(model.may_skip(now, Feed::Samples, &stream, at(0)));
        assert!(!model.may_skip(now, Feed::Samples, &stream, at(1)));
    }
}
