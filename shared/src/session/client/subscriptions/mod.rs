//! The subscriptions of a client session: requests to the server, its answers, and arriving entries (docs/protocol.md
//! section 5.2).

mod answers;
mod entries;

use alloc::string::String;
use alloc::vec::Vec;

pub(super) use answers::Reading;
pub(super) use entries::EntryFrame;

use super::backlog::BacklogLimits;
use super::fragments::Fragments;
use super::link::{ACK_BYTES, ID_BYTES, LIST_OVERHEAD, Link};
use super::subscription::{Reader, Stage};
use super::timer::Timer;
use super::{ClientConfig, KeptPosition, SubscribeError, Subscription};
use crate::limits::{ACK_DELAY, ACK_ENTRIES, MAX_TOPIC_BYTES, SUBSCRIPTIONS};
use crate::position::{Position, is_topic};
use crate::session::op::{ClientOp, ScopeRequest, Subscribe};
use crate::time::Moment;

/// Bytes of a request beside the names of its channel and topic: seven fields with their names.
const REQUEST_BYTES: usize = 128;

/// The subscriptions of a session.
#[derive(Debug)]
pub(super) struct Subscriptions {
    readers: Vec<Reader>,
    last_id: u32,
    last_wire_id: u32,
    /// Streams of this connection whose subscriptions have ended, and whose entries may still arrive.
    left_streams: Vec<u64>,
    /// Requests of the handshake that were cancelled before its answer.
    cancelled_requests: Vec<u32>,
    /// Ops of this connection that name a subscription which the server ended before it had read them. It answers each with
    /// an error.
    crossed_ops: u32,
    fragments: Fragments,
    /// Positions of streams that are not read now, least recently used first.
    kept: Vec<KeptPosition>,
    /// Entries handled since the last acknowledgement.
    unacked: u64,
    /// A subscription may have reached its back-pressure limit.
    may_be_full: bool,
    max_value_bytes: usize,
    limits: BacklogLimits,
}

impl Subscriptions {
    pub(super) fn new(config: &ClientConfig) -> Self {
        let max_value_bytes = config.max_value_bytes;
        Self {
            readers: Vec::new(),
            last_id: 0,
            last_wire_id: 0,
            left_streams: Vec::new(),
            cancelled_requests: Vec::new(),
            crossed_ops: 0,
            fragments: Fragments::new(max_value_bytes),
            kept: Vec::new(),
            unacked: 0,
            may_be_full: false,
            max_value_bytes,
            limits: BacklogLimits {
                entries: config.max_backlog_entries,
                bytes: config.max_backlog_bytes,
            },
        }
    }

    pub(super) fn get(&self, id: u32) -> Option<&Reader> {
        self.readers.iter().find(|reader| reader.id == id)
    }

    pub(super) fn add(&mut self, mut subscription: Subscription) -> Result<u32, SubscribeError> {
        if !(1..=MAX_TOPIC_BYTES).contains(&subscription.channel.len()) {
            return Err(SubscribeError::BadChannel);
        }
        if let ScopeRequest::Topic(topic) = &subscription.scope
            && !is_topic(topic)
        {
            return Err(SubscribeError::BadTopic);
        }
        if self.readers.len() >= SUBSCRIPTIONS {
            return Err(SubscribeError::TooMany);
        }
        let is_same = |reader: &&Reader| {
            reader.channel == subscription.channel && reader.scope == subscription.scope
        };
        if let Some(reader) = self.readers.iter().find(is_same) {
            return Err(SubscribeError::Duplicate(reader.id));
        }
        if subscription.keeps_position {
            let (channel, scope) = (&subscription.channel, &subscription.scope);
            let kept = take_kept(&mut self.kept, channel, scope);
            subscription.position = kept.or(subscription.position);
        }
        self.last_id = self.last_id.wrapping_add(1);
        self.readers.push(Reader::new(self.last_id, subscription));
        Ok(self.last_id)
    }

    /// Removes a subscription and its position; entries that still arrive are ignored.
    pub(super) fn remove(&mut self, id: u32, is_ready: bool, link: &mut Link) {
        let Some(at) = self.readers.iter().position(|reader| reader.id == id) else {
            return;
        };
        let reader = self.readers.swap_remove(at);
        match reader.stage {
            Stage::Detached | Stage::Paused => {}
            Stage::Asked if !is_ready => self.cancelled_requests.push(reader.wire_id),
            Stage::Asked | Stage::Reading { .. } => {
                self.leave(reader.stage, link);
                link.send(&ClientOp::Unsubscribe(Vec::from([reader.wire_id])));
            }
        }
    }

    /// Forgets the state of the connection that has ended.
    pub(super) fn detach(&mut self, link: &mut Link) {
        self.left_streams.clear();
        self.cancelled_requests.clear();
        self.crossed_ops = 0;
        link.outputs.stats.unfinished += self.fragments.clear();
        self.readers.iter_mut().for_each(Reader::detach);
    }

    /// Remembers a stream whose entries may still arrive.
    fn leave(&mut self, stage: Stage, link: &mut Link) {
        if let Stage::Reading { stream, .. } = stage {
            self.leave_stream(stream, link);
        }
    }

    fn leave_stream(&mut self, stream: u64, link: &mut Link) {
        self.forget_fragments(stream, link);
        self.left_streams.retain(|&left| left != stream);
        if self.left_streams.len() >= SUBSCRIPTIONS {
            self.left_streams.remove(0);
        }
        self.left_streams.push(stream);
    }

    /// Drops a stream's incomplete entry.
    fn forget_fragments(&mut self, stream: u64, link: &mut Link) {
        link.outputs.stats.unfinished += u64::from(self.fragments.forget(stream));
    }
}

/// Requests.
impl Subscriptions {
    /// Makes requests for readers that have none on this connection: as many as fit into `room` bytes, at least one.
    pub(super) fn request(&mut self, room: usize) -> Vec<Subscribe> {
        let mut requests = Vec::new();
        let mut bytes = 0;
        let detached = |reader: &&mut Reader| reader.stage == Stage::Detached;
        for reader in self.readers.iter_mut().filter(detached) {
            bytes += request_bytes(reader);
            if bytes > room && !requests.is_empty() {
                break;
            }
            self.last_wire_id = self.last_wire_id.wrapping_add(1);
            requests.push(reader.request(self.last_wire_id));
        }
        requests
    }

    /// Requests all streams that were not requested on this connection.
    pub(super) fn request_all(&mut self, link: &mut Link) {
        let room = link.max_message_bytes.saturating_sub(LIST_OVERHEAD);
        loop {
            let requests = self.request(room);
            if requests.is_empty() {
                return;
            }
            link.send(&ClientOp::Subscribe(requests));
        }
    }

    /// Sends the application's changes since the handshake's request, and the requests that did not fit into it.
    pub(super) fn settle(&mut self, link: &mut Link) {
        let cancelled = core::mem::take(&mut self.cancelled_requests);
        link.send_list(&cancelled, ID_BYTES, ClientOp::Unsubscribe);
        self.request_all(link);
    }
}

/// Back-pressure and acknowledgements.
impl Subscriptions {
    /// Pauses the subscriptions at their back-pressure limit. Checked before a message and not within one, because the
    /// application gets the entries of a message only after it.
    pub(super) fn pause_full(&mut self, link: &mut Link) {
        if !core::mem::take(&mut self.may_be_full) {
            return;
        }
        for at in 0..self.readers.len() {
            let reader = &mut self.readers[at];
            if reader.backlog.is_full(self.limits) && matches!(reader.stage, Stage::Reading { .. })
            {
                let (stage, wire_id) = (reader.stage, reader.wire_id);
                reader.stage = Stage::Paused;
                self.leave(stage, link);
                link.outputs.stats.pauses += 1;
                link.send(&ClientOp::Unsubscribe(Vec::from([wire_id])));
            }
        }
    }

    /// Records that the application has handled everything up to this position.
    pub(super) fn handled(
        &mut self,
        now: Moment,
        id: u32,
        position: Position,
        is_ready: bool,
        link: &mut Link,
    ) {
        let Some(reader) = self.readers.iter_mut().find(|reader| reader.id == id) else {
            return;
        };
        let entries = reader.handled_upto(position);
        if reader.stage == Stage::Paused && reader.backlog.has_room(self.limits) {
            reader.stage = Stage::Detached;
            if is_ready {
                self.request_all(link);
            }
        }
        if entries > 0 {
            self.acknowledge_soon(now, entries, link);
        }
    }

    /// Acknowledges now after [`ACK_ENTRIES`] newly handled entries, else after [`ACK_DELAY`].
    fn acknowledge_soon(&mut self, now: Moment, entries: u64, link: &mut Link) {
        if !self.is_ack_due() {
            return;
        }
        self.unacked = self.unacked.saturating_add(entries);
        if self.unacked >= u64::from(ACK_ENTRIES) {
            self.acknowledge(link);
        } else {
            set_ack_timer(now, link);
        }
    }

    fn is_ack_due(&self) -> bool {
        self.readers.iter().any(|reader| reader.ack_due().is_some())
    }

    /// Acknowledges everything that was handled.
    pub(super) fn acknowledge(&mut self, link: &mut Link) {
        link.timers.stop(Timer::Ack);
        self.unacked = 0;
        let mut acks = Vec::new();
        for reader in &mut self.readers {
            if let Some(cursor) = reader.ack_due() {
                reader.acks.sent(cursor);
                acks.push((reader.wire_id, cursor));
            }
        }
        link.send_list(&acks, ACK_BYTES, ClientOp::Ack);
    }
}

/// Kept positions.
impl Subscriptions {
    /// Positions for a snapshot, least recently used first.
    pub(super) fn positions(&self) -> Vec<KeptPosition> {
        let mut positions = self.kept.clone();
        positions.extend(self.readers.iter().filter_map(Reader::kept_position));
        let surplus = positions.len().saturating_sub(SUBSCRIPTIONS);
        positions.drain(..surplus);
        positions
    }

    /// Takes the positions of a snapshot, also for readers that have none yet.
    pub(super) fn restore(&mut self, positions: Vec<KeptPosition>) {
        self.kept = positions;
        let kept = &mut self.kept;
        for reader in &mut self.readers {
            if reader.waits_for_position()
                && let Some(position) = take_kept(kept, &reader.channel, &reader.scope)
            {
                reader.begin_at(position);
            }
        }
    }

    /// Takes those positions of a snapshot for which no reader keeps one of its own.
    pub(super) fn restore_others(&mut self, mut positions: Vec<KeptPosition>) {
        let own: Vec<_> = self
            .readers
            .iter()
            .filter_map(Reader::kept_position)
            .collect();
        let is_of = |kept: &KeptPosition| {
            let mut own = own.iter();
            own.any(|own| own.channel == kept.channel && own.scope == kept.scope)
        };
        positions.retain(|kept| !is_of(kept));
        self.kept = positions;
    }

    /// Keeps the position of a reader that the server has ended.
    fn keep(&mut self, reader: &Reader) {
        if let Some(kept) = reader.kept_position() {
            if self.kept.len() >= SUBSCRIPTIONS {
                self.kept.remove(0);
            }
            self.kept.push(kept);
        }
    }
}

fn take_kept(
    kept: &mut Vec<KeptPosition>,
    channel: &str,
    scope: &ScopeRequest,
) -> Option<Position> {
    let is_of = |kept: &KeptPosition| kept.channel == channel && kept.scope == *scope;
    let at = kept.iter().position(is_of)?;
    Some(kept.remove(at).position)
}

fn set_ack_timer(now: Moment, link: &mut Link) {
    if link.timers.get(Timer::Ack).is_none() {
        link.timers.set(Timer::Ack, now + ACK_DELAY);
    }
}

/// Largest size in a control frame, in bytes, of a reader's request.
fn request_bytes(reader: &Reader) -> usize {
    let topic = match &reader.scope {
        ScopeRequest::Topic(topic) => String::len(topic),
        ScopeRequest::Channel | ScopeRequest::Inbox => 0,
    };
    REQUEST_BYTES + reader.channel.len() + topic
}
