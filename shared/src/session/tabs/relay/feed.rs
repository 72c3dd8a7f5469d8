//! Streams that the leader's session reads, each once for all tabs.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

use super::peer::Peers;
use super::reader::{Reader, Stage};
use crate::channel::ChannelMode;
use crate::frame::{BinaryFlags, FrameHeader};
use crate::limits::{TAB_UNACKED, TAB_UNACKED_BYTES};
use crate::position::{Bounds, Cursor, Outcome, Position, ResetReason, StartAt, Tag, low_bits};
use crate::session::client::{ClientSession, Entry, SubscribeError, Subscription};
use crate::session::op::{ErrorCode, ScopeRequest, ServerOp, Skipped, Subscribe};
use crate::session::tabs::TabId;
use crate::session::wire::EntryHeader;
use crate::time::Moment;

/// All streams that are read.
#[derive(Default, Debug)]
pub(super) struct Feeds {
    list: Vec<Feed>,
    last_stream: u64,
}

/// One stream. The session reads it from the oldest position that a tab has; each tab is sent what it does not have yet.
#[derive(Debug)]
struct Feed {
    /// Number of the stream in frames.
    stream: u64,
    channel: String,
    scope: ScopeRequest,
    /// The session's subscription; `None` before it was requested.
    subscription: Option<u32>,
    /// Wire id of the channel.
    wire_channel: u8,
    mode: ChannelMode,
    /// The newest entry that has arrived; `None` while the outcome is awaited.
    reached: Option<Position>,
    head: Cursor,
    /// The newest value of a state.
    newest: Option<Entry>,
    /// Entries of an inbox that a tab has not acknowledged, and their sizes: the server drops those that are.
    unacked: VecDeque<(Position, usize)>,
    unacked_bytes: usize,
    readers: Vec<Reader>,
}

/// The server's answer to a request for a stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    pub(super) outcome: Outcome,
    pub(super) position: Position,
    pub(super) floor: Option<Cursor>,
    pub(super) head: Cursor,
    pub(super) mode: ChannelMode,
}

impl Feeds {
    /// Begins to read a stream for a tab.
    pub(super) fn subscribe(
        &mut self,
        now: Moment,
        session: &mut ClientSession,
        peers: &mut Peers,
        tab: TabId,
        request: Subscribe,
    ) {
        let reader = Reader::new(tab, &request);
        let is_of = |feed: &Feed| feed.channel == request.channel && feed.scope == request.scope;
        let at = self.list.iter().position(is_of).unwrap_or_else(|| {
            self.last_stream += 1;
            self.list.push(Feed::new(self.last_stream, request));
            self.list.len() - 1
        });
        self.list[at].readers.push(reader);
        self.settle(now, session, peers, at);
    }

    /// Ends subscriptions of a tab.
    pub(super) fn unsubscribe(
        &mut self,
        now: Moment,
        session: &mut ClientSession,
        tab: TabId,
        ids: &[u32],
    ) {
        self.remove(now, session, |reader| {
            reader.tab == tab && ids.contains(&reader.id)
        });
    }

    /// Ends all subscriptions of a tab.
    pub(super) fn leave(&mut self, now: Moment, session: &mut ClientSession, tab: TabId) {
        self.remove(now, session, |reader| reader.tab == tab);
    }

    fn remove(
        &mut self,
        now: Moment,
        session: &mut ClientSession,
        is_over: impl Fn(&Reader) -> bool,
    ) {
        for feed in &mut self.list {
            feed.readers.retain(|reader| !is_over(reader));
            feed.release(now, session);
        }
        self.list.retain_mut(|feed| {
            if feed.readers.is_empty() {
                feed.stop(now, session);
            }
            !feed.readers.is_empty()
        });
    }

    /// Ends all subscriptions of all tabs.
    pub(super) fn clear(&mut self, now: Moment, session: &mut ClientSession) {
        self.remove(now, session, |_| true);
    }

    /// Removes a stream that the server has ended. Returns its readers.
    pub(super) fn ended(&mut self, id: u32) -> Vec<(TabId, u32)> {
        let Some(at) = self.find(id) else {
            return Vec::new();
        };
        let readers = self.list.swap_remove(at).readers;
        readers
            .iter()
            .map(|reader| (reader.tab, reader.id))
            .collect()
    }

    /// Records what a tab has handled.
    pub(super) fn acked(
        &mut self,
        now: Moment,
        session: &mut ClientSession,
        tab: TabId,
        acks: &[(u32, Cursor)],
    ) {
        for feed in &mut self.list {
            for reader in feed.readers.iter_mut().filter(|reader| reader.tab == tab) {
                let mut acks = acks.iter();
                if let Some((_, cursor)) = acks.find(|(id, _)| *id == reader.id) {
                    reader.acked = reader.acked.max(*cursor);
                }
            }
            feed.release(now, session);
        }
    }

    /// Sends a tab the value of a state again.
    pub(super) fn whole(&self, peers: &mut Peers, tab: TabId, id: u32) {
        for feed in &self.list {
            let is_it = |reader: &Reader| reader.tab == tab && reader.id == id;
            if let Some(newest) = feed
                .newest
                .as_ref()
                .filter(|_| feed.readers.iter().any(is_it))
            {
                let (header, payload) = feed.frame(newest);
                peers.frame(tab, header, &payload);
            }
        }
    }

    /// Takes the server's answer.
    pub(super) fn answered(
        &mut self,
        now: Moment,
        session: &mut ClientSession,
        peers: &mut Peers,
        id: u32,
        answer: Answer,
    ) {
        let Some(at) = self.find(id) else {
            return;
        };
        let feed = &mut self.list[at];
        let mut channels = session.channels().iter();
        let channel = channels.find(|channel| channel.name == feed.channel);
        feed.wire_channel = channel.map_or(0, |channel| channel.id);
        feed.mode = answer.mode;
        feed.reached = Some(answer.position);
        feed.head = answer.head;
        let bounds = feed.bounds(answer.position);
        let is_broken = answer.outcome == Outcome::Reset(ResetReason::EpochChanged);
        let floor = answer.floor.unwrap_or(bounds.floor);
        let (stream, is_state) = (feed.stream, feed.is_state());
        for reader in &mut feed.readers {
            if reader.stage == Stage::Waiting {
                continue;
            }
            let told = reader.begin(stream, bounds, is_state, is_broken);
            if let Some(mut op) = told {
                if let ServerOp::Reset { floor: told, .. } = &mut op {
                    *told = floor;
                }
                peers.send(reader.tab, &op);
            }
        }
        self.settle(now, session, peers, at);
    }

    /// Takes the statement that the next entries up to `position` are not sent.
    pub(super) fn skipped(
        &mut self,
        now: Moment,
        session: &mut ClientSession,
        peers: &mut Peers,
        id: u32,
        position: Position,
    ) {
        let Some(at) = self.find(id) else {
            return;
        };
        let feed = &mut self.list[at];
        feed.reach(position);
        for reader in &mut feed.readers {
            let before = reader.position.map_or(0, |position| position.cursor);
            if reader.take(position) {
                let skipped = Skipped::new(reader.id, position.cursor - before, position);
                peers.send(reader.tab, &ServerOp::Skipped(skipped));
            }
        }
        feed.keep(position, 0);
        feed.release(now, session);
        self.settle(now, session, peers, at);
    }

    /// Takes the next entry.
    pub(super) fn entry(
        &mut self,
        now: Moment,
        session: &mut ClientSession,
        peers: &mut Peers,
        entry: Entry,
    ) {
        let Some(at) = self.find(entry.id) else {
            return;
        };
        let feed = &mut self.list[at];
        let position = entry.position;
        feed.reach(position);
        let (header, payload) = feed.frame(&entry);
        for reader in &mut feed.readers {
            if reader.take(position) {
                peers.frame(reader.tab, header, &payload);
            }
        }
        feed.keep(position, entry.body.len());
        feed.release(now, session);
        if feed.is_state() {
            feed.newest = Some(entry);
        }
        self.settle(now, session, peers, at);
    }

    fn find(&self, id: u32) -> Option<usize> {
        let is_it = |feed: &Feed| feed.subscription == Some(id);
        self.list.iter().position(is_it)
    }

    /// Lets the waiting readers join, or requests the stream again for them.
    fn settle(&mut self, now: Moment, session: &mut ClientSession, peers: &mut Peers, at: usize) {
        let feed = &mut self.list[at];
        if feed.subscription.is_some() && feed.reached.is_none() {
            return;
        }
        if feed.join(peers) {
            return;
        }
        feed.stop(now, session);
        let Err(error) = feed.ask(now, session) else {
            return;
        };
        let feed = self.list.swap_remove(at);
        for reader in feed.readers {
            let end = ServerOp::Error {
                code: error_code(error),
                message: alloc::format!("{error}"),
                id: Some(reader.id),
                retry_ms: None,
            };
            peers.send(reader.tab, &end);
        }
    }
}

impl Feed {
    fn new(stream: u64, request: Subscribe) -> Self {
        Self {
            stream,
            channel: request.channel,
            scope: request.scope,
            subscription: None,
            wire_channel: 0,
            mode: ChannelMode::Log,
            reached: None,
            head: 0,
            newest: None,
            unacked: VecDeque::new(),
            unacked_bytes: 0,
            readers: Vec::new(),
        }
    }

    fn is_state(&self) -> bool {
        self.mode == ChannelMode::State
    }

    fn reach(&mut self, position: Position) {
        self.reached = Some(position);
        self.head = self.head.max(position.cursor);
    }

    /// Bounds of the part of the log that follows a position; of a state only the newest value counts.
    fn bounds(&self, after: Position) -> Bounds {
        let (floor, floor_tag) = if self.is_state() {
            (0, Tag::UNKNOWN)
        } else {
            (after.cursor, after.tag)
        };
        Bounds {
            epoch: after.epoch,
            floor,
            floor_tag,
            head: self.head,
            head_tag: Tag::UNKNOWN,
        }
    }

    /// Lets the waiting readers join; false if one needs entries that were read already.
    fn join(&mut self, peers: &mut Peers) -> bool {
        let Some(reached) = self.reached else {
            return false;
        };
        let is_state = self.is_state();
        let waits = |reader: &&mut Reader| reader.stage == Stage::Waiting;
        let floor = if is_state { 0 } else { reached.cursor };
        let can_join = |reader: &mut Reader| reader.can_join(floor, reached, self.head);
        if !self.readers.iter_mut().filter(waits).all(can_join) {
            return false;
        }
        let bounds = self.bounds(reached);
        let newest = self
            .newest
            .as_ref()
            .map(|newest| (newest.position, self.frame(newest)));
        for reader in self.readers.iter_mut().filter(waits) {
            if let Some(op) = reader.begin(self.stream, bounds, is_state, false) {
                peers.send(reader.tab, &op);
            }
            if let Some((position, (header, payload))) = &newest
                && reader.take(*position)
            {
                peers.frame(reader.tab, *header, payload);
            }
        }
        true
    }

    /// Requests the stream, from the oldest position of its readers.
    fn ask(&mut self, now: Moment, session: &mut ClientSession) -> Result<(), SubscribeError> {
        let (position, start) = self.lowest();
        let subscription = Subscription {
            channel: self.channel.clone(),
            scope: self.scope.clone(),
            position,
            start,
            keeps_position: false,
        };
        self.subscription = Some(session.subscribe(now, subscription)?);
        let waiting = |reader: &&mut Reader| reader.stage == Stage::Waiting;
        for reader in self.readers.iter_mut().filter(waiting) {
            reader.stage = Stage::Asked;
        }
        Ok(())
    }

    fn lowest(&self) -> (Option<Position>, StartAt) {
        let oldest = (None, StartAt::Oldest);
        if self.is_state() {
            return oldest;
        }
        let mut lowest: Option<Position> = None;
        for reader in &self.readers {
            match (reader.position, lowest) {
                (None, _) if reader.start == StartAt::Oldest => return oldest,
                (None, _) => {}
                // Cursors of different logs cannot be compared.
                (Some(own), Some(other)) if own.epoch != other.epoch => return oldest,
                (Some(own), Some(other)) if own.cursor >= other.cursor => {}
                (Some(own), _) => lowest = Some(own),
            }
        }
        (lowest, StartAt::Newest)
    }

    fn stop(&mut self, now: Moment, session: &mut ClientSession) {
        if let Some(id) = self.subscription.take() {
            session.unsubscribe(now, id);
        }
        self.reached = None;
        self.newest = None;
        self.unacked.clear();
        self.unacked_bytes = 0;
    }

    fn keep(&mut self, position: Position, bytes: usize) {
        self.unacked.push_back((position, bytes));
        self.unacked_bytes += bytes;
    }

    /// Reports as handled what need not be kept for a tab: all, but of an inbox what all tabs have acknowledged, and what is
    /// above the limits.
    fn release(&mut self, now: Moment, session: &mut ClientSession) {
        let Some(id) = self.subscription else {
            return;
        };
        let acked = match self.scope {
            ScopeRequest::Inbox => self.readers.iter().map(|reader| reader.acked).min(),
            ScopeRequest::Channel | ScopeRequest::Topic(_) => None,
        };
        let acked = acked.unwrap_or(Cursor::MAX);
        let mut handled = None;
        while let Some(&(first, bytes)) = self.unacked.front()
            && (first.cursor <= acked
                || self.unacked.len() > TAB_UNACKED
                || self.unacked_bytes > TAB_UNACKED_BYTES)
        {
            handled = Some(first);
            self.unacked.pop_front();
            self.unacked_bytes -= bytes;
        }
        if let Some(position) = handled {
            session.handled(now, id, position);
        }
    }

    /// The frame of an entry, for all tabs.
    fn frame(&self, entry: &Entry) -> (FrameHeader, Vec<u8>) {
        let flags = BinaryFlags {
            ack_required: self.scope == ScopeRequest::Inbox,
            ..BinaryFlags::default()
        };
        let header = FrameHeader {
            flags,
            channel: self.wire_channel,
            sequence: low_bits(entry.position.cursor),
        };
        let mut payload = Vec::with_capacity(16 + entry.body.len());
        EntryHeader {
            stream: self.stream,
            content: entry.content,
            tag: entry.position.tag,
        }
        .write_whole(&mut payload);
        payload.extend_from_slice(&entry.body);
        (header, payload)
    }
}

const fn error_code(error: SubscribeError) -> ErrorCode {
    match error {
        SubscribeError::BadTopic => ErrorCode::BadTopic,
        SubscribeError::BadChannel => ErrorCode::UnknownChannel,
        SubscribeError::TooMany => ErrorCode::TooManySubscriptions,
        SubscribeError::Duplicate(_) => ErrorCode::BadSubscription,
    }
}
