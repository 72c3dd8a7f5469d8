//! One connection of the raw client: its frames are well-formed, and its ops come in orders that our clients never use.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use push_wire_server::Grant;
use push_wire_server::internals::carrier;
use push_wire_server::internals::hub::Hub;
use push_wire_server::internals::peer::{Accepted, Action, Dialect, Message, Peer};
use push_wire_shared::fragment::FragmentHeader;
use push_wire_shared::frame::FrameHeader;
use push_wire_shared::position::{Position, StreamKey, cursor_from_low_bits};
use push_wire_shared::session::op::{Auth, ClientOp, ErrorCode, ServerOp, SystemNotice};
use push_wire_shared::session::wire::{Body, EntryHeader, Records, fragment_of};
use push_wire_shared::time::Moment;
use uuid::Uuid;

use super::check::{Promise, PromiseError};
use super::feed::SYSTEM;
use super::hub_config::RATES;
use super::model::Model;
use super::raw_message::{RawLoad, RawMessage, Source};

/// Bytes of control ops that the server may answer per byte received: the smallest op with an answer takes 10 bytes
/// with its frame, a short error 90.
const ANSWER_FACTOR: usize = 9;

/// Bytes of control ops that the server may answer to any message beside those.
const ANSWER_BYTES: usize = 512;

/// A subscription as the client knows it.
#[derive(Debug)]
struct Subscription {
    request: u64,
    key: StreamKey,
    /// Number of the stream, and the last entry; `None` before the outcome.
    at: Option<(u64, Position)>,
}

/// One connection of the raw client.
pub struct RawConnection {
    peer: Peer,
    hub: Arc<Hub>,
    client: Uuid,
    /// Control frames written.
    control: u32,
    /// All that was sent.
    load: RawLoad,
    subscriptions: BTreeMap<u32, Subscription>,
    requests: u64,
    /// Subscribes whose outcomes have not been read: number of the request, and id.
    outcomes: VecDeque<(u64, u32)>,
    fragments: HashMap<Uuid, Vec<u8>>,
    /// Numbers of the last message to the application that was sent, delivered and confirmed.
    uploads: [u64; 3],
    entries: u64,
    closed: bool,
}

impl fmt::Debug for RawConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawConnection")
            .field("client", &self.client)
            .field("subscriptions", &self.subscriptions)
            .finish_non_exhaustive()
    }
}

impl RawConnection {
    /// An authenticated connection.
    ///
    /// # Errors
    /// Fails if the server closes it.
    pub fn connect(hub: &Arc<Hub>, now: Moment, client: Uuid) -> Result<Self, PromiseError> {
        let mut connection = Self {
            peer: Peer::new(Arc::clone(hub), Dialect::Wire, now),
            hub: Arc::clone(hub),
            client,
            control: 0,
            load: RawLoad::default(),
            subscriptions: BTreeMap::new(),
            requests: 0,
            outcomes: VecDeque::new(),
            fragments: HashMap::new(),
            uploads: [0; 3],
            entries: 0,
            closed: false,
        };
        let mut message = RawMessage::new(0);
        message.op(&ClientOp::Auth(Auth::new(client)));
        connection.control = message.control();
        connection.load = message.load();
        let message = Message::Binary(message.into_bytes().into());
        connection.peer.handle_message(now, message);
        connection.act(now)?;
        if connection.closed {
            return Err(Promise::StaysOpen
                .broken(format!("{connection:?} was closed during authentication")));
        }
        Ok(connection)
    }

    /// Handles what is due. Returns whether the connection is open.
    ///
    /// # Errors
    /// Fails if an action of the server breaks a promise.
    pub fn is_open(&mut self, now: Moment) -> Result<bool, PromiseError> {
        self.peer.handle_timeout(now);
        self.act(now)?;
        Ok(!self.closed)
    }

    /// Returns whether it may send this at once. What it sent before counts, however long ago that was.
    #[must_use]
    pub fn may_send(&self, load: RawLoad) -> bool {
        self.load.and(load).is_allowed(&RATES)
    }

    /// An empty message for this connection.
    #[must_use]
    pub fn message(&self) -> RawMessage {
        RawMessage::new(self.control)
    }

    /// Bytes of the largest message that the server takes.
    #[must_use]
    pub fn message_limit(&self) -> usize {
        self.peer.message_limit()
    }

    /// Number of the next message to the application.
    #[must_use]
    pub const fn next_upload(&self) -> u64 {
        self.uploads[0] + 1
    }

    /// Entries that were delivered.
    #[must_use]
    pub const fn entries(&self) -> u64 {
        self.entries
    }

    /// Returns whether the server takes no message until something has been read.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.peer.is_full()
    }

    /// Ops that wait to be read.
    #[must_use]
    pub fn unread_ops(&self) -> usize {
        self.peer.usage().pending_ops
    }

    /// Bytes that wait to be read.
    #[must_use]
    pub fn unread_bytes(&self) -> usize {
        self.peer.usage().pending_bytes
    }

    /// Checks that none of these streams, which nobody else reads, exists.
    ///
    /// # Errors
    /// Fails if the hub has one.
    pub fn has_no_stream_of(
        &self,
        mut sources: impl Iterator<Item = Source>,
    ) -> Result<(), PromiseError> {
        let left = sources.find(|source| self.hub.readers(&source.key).is_some());
        match left {
            Some(left) => Err(Promise::Cleanup.broken(format!("{left:?} still exists"))),
            None => Ok(()),
        }
    }

    /// Sends a message, and reads none of the answers.
    ///
    /// # Errors
    /// Fails if the answers exceed their limit, or the server's state does not match the subscriptions.
    pub fn send(&mut self, now: Moment, message: RawMessage) -> Result<(), PromiseError> {
        self.control = message.control();
        self.load = self.load.and(message.load());
        self.uploads[0] += message.uploads();
        self.note(message.steps());
        let bytes = message.into_bytes();
        let before = self.peer.usage().pending_bytes;
        let allowed = ANSWER_FACTOR * bytes.len() + ANSWER_BYTES;
        let len = bytes.len();
        self.peer.handle_message(now, Message::Binary(bytes.into()));
        self.act(now)?;
        let answers = self.peer.usage().pending_bytes - before;
        if answers > allowed {
            let what = format!("{len} bytes are answered with {answers}");
            return Err(Promise::BoundedAnswers.broken(what));
        }
        self.holds_what_it_reads()
    }

    fn note(&mut self, steps: Vec<(u32, Option<Source>)>) {
        let mut asked = Vec::new();
        for (id, source) in steps {
            self.subscriptions.remove(&id);
            let Some(source) = source else { continue };
            self.requests += 1;
            asked.push((self.requests, id));
            let reading = Subscription {
                request: self.requests,
                key: source.key,
                at: None,
            };
            self.subscriptions.insert(id, reading);
        }
        self.outcomes.extend(asked);
    }

    /// Checks that the server holds no state of a subscription that has ended.
    fn holds_what_it_reads(&self) -> Result<(), PromiseError> {
        let usage = self.peer.usage();
        if self.closed || (usage.opened == 0 && usage.readers == self.subscriptions.len()) {
            return Ok(());
        }
        let what = format!("{usage:?} for {:?}", self.subscriptions);
        Err(Promise::Cleanup.broken(what))
    }

    /// Carries out the peer's actions.
    fn act(&mut self, now: Moment) -> Result<(), PromiseError> {
        while let Some(action) = self.peer.poll_action(now) {
            match action {
                Action::Authenticate(_) => {
                    self.peer
                        .handle_authenticated(now, Ok(Accepted::for_ever(Grant::everything())));
                }
                Action::Deliver(inbound) => {
                    self.uploads[1] += 1;
                    if inbound.number != Some(self.uploads[1]) {
                        let what = format!("{:?} was delivered out of order", inbound.number);
                        return Err(Promise::ClientMessages.broken(what));
                    }
                    self.peer.handle_answer(now, inbound.number, Ok(()));
                }
                Action::Close { .. } => self.closed = true,
            }
        }
        Ok(())
    }

    /// Reads everything that the server has to send.
    ///
    /// # Errors
    /// Fails if an entry belongs to no subscription, or if an outcome, an entry or a confirmation is missing.
    pub fn read(&mut self, now: Moment, model: &Model) -> Result<(), PromiseError> {
        loop {
            if self.peer.has_wake() {
                self.peer.handle_wake(now);
            }
            let mut messages: Vec<carrier::Message> = Vec::new();
            self.peer.poll_write(now, &mut messages);
            if messages.is_empty() {
                break;
            }
            for message in messages {
                let message = message.content();
                for record in Records::new(&message) {
                    let (header, payload) =
                        record.map_err(|error| Promise::Content.broken(error.to_string()))?;
                    self.record(model, header, payload)?;
                }
            }
            self.peer.wrote(now, true);
            self.act(now)?;
        }
        self.holds_what_it_reads()?;
        self.is_complete(model)
    }

    fn record(
        &mut self,
        model: &Model,
        header: FrameHeader,
        payload: &[u8],
    ) -> Result<(), PromiseError> {
        if header.channel == SYSTEM {
            let op = ServerOp::decode(payload);
            let op = op.map_err(|error| Promise::BoundedAnswers.broken(error.to_string()))?;
            return self.op(op);
        }
        if !header.flags.fragmented {
            return self.entry(model, header.channel, None, header.sequence, payload);
        }
        let fragment = FragmentHeader::split(payload);
        let (fragment, bytes) =
            fragment.map_err(|error| Promise::Content.broken(error.to_string()))?;
        let id = fragment.fragment_id;
        let payload = self.fragments.entry(id).or_default();
        payload.extend_from_slice(bytes);
        if fragment.index + 1 < fragment.total {
            return Ok(());
        }
        let payload = self.fragments.remove(&id).unwrap_or_default();
        let (stream, _) = fragment_of(id);
        self.entry(
            model,
            header.channel,
            Some(stream),
            header.sequence,
            &payload,
        )
    }

    fn op(&mut self, op: ServerOp) -> Result<(), PromiseError> {
        match op {
            ServerOp::Resumed {
                id,
                stream,
                position,
                ..
            } => self.outcome(id, Some((stream, position))),
            ServerOp::Reset { id, reading, .. } => self.outcome(id, reading),
            ServerOp::Received { upto } => {
                self.uploads[2] = upto;
                Ok(())
            }
            ServerOp::Error { id: Some(id), .. } => {
                self.subscriptions.remove(&id);
                Ok(())
            }
            ServerOp::Rejected(rejected) => {
                Err(Promise::ClientMessages.broken(format!("refused: {rejected:?}")))
            }
            told @ (ServerOp::Notice(SystemNotice::Slow(_))
            | ServerOp::Error {
                code: ErrorCode::RateLimited,
                ..
            }) => Err(Promise::Limits.broken(format!("{:?} were sent: {told:?}", self.load))),
            ServerOp::AuthOk(_)
            | ServerOp::Error { id: None, .. }
            | ServerOp::Skipped(_)
            | ServerOp::Dictionary(_)
            | ServerOp::Ping { .. }
            | ServerOp::Pong
            | ServerOp::Renew
            | ServerOp::Notice(_)
            | ServerOp::Goodbye { .. } => Ok(()),
        }
    }

    /// Handles the outcome of a subscribe, or the reset of a reader that is behind the retention. Outcomes come in the order
    /// of the requests.
    fn outcome(&mut self, id: u32, reading: Option<(u64, Position)>) -> Result<(), PromiseError> {
        let answered = self.outcomes.pop_front();
        if answered.is_some_and(|(_, asked)| asked != id) {
            let what = format!("outcome of {id}, and {answered:?} was asked for before");
            return Err(Promise::Outcome.broken(what));
        }
        let known = self.subscriptions.get_mut(&id);
        let Some(known) =
            known.filter(|known| answered.is_none_or(|(request, _)| request == known.request))
        else {
            return match answered {
                Some(_) => Ok(()),
                None => Err(Promise::Outcome.broken(format!("outcome of {id}, which has ended"))),
            };
        };
        if reading.is_none() {
            let what = format!("{:?} cannot be read", known.key);
            return Err(Promise::Outcome.broken(what));
        }
        known.at = reading;
        Ok(())
    }

    /// Checks that an entry belongs to a subscription, is the next of its stream, and has the published body.
    fn entry(
        &mut self,
        model: &Model,
        channel: u8,
        stream: Option<u64>,
        sequence: u32,
        payload: &[u8],
    ) -> Result<(), PromiseError> {
        self.entries += 1;
        let split = EntryHeader::split(payload);
        let (header, body) = split.map_err(|error| Promise::Content.broken(error.to_string()))?;
        let mut subscriptions = self.subscriptions.iter_mut().filter_map(|(id, reading)| {
            let (number, at) = reading.at.as_mut()?;
            (*number == header.stream).then_some((*id, &reading.key, at))
        });
        let broken = |what: String| Err(Promise::Subscription.broken(what));
        let Some((id, key, at)) = subscriptions.next() else {
            return broken(format!("an entry of stream {}: not read", header.stream));
        };
        if key.channel != channel || stream.is_some_and(|stream| stream != header.stream) {
            return broken(format!("an entry of {key:?} on channel {channel}"));
        }
        let position = Position {
            cursor: cursor_from_low_bits(sequence, at.cursor),
            tag: header.tag,
            epoch: at.epoch,
        };
        if position.cursor != at.cursor + 1 {
            let what = format!("subscription {id}: {position:?} after {at:?}");
            return Err(Promise::Order.broken(what));
        }
        if model.body(key, position) != Some(body.bytes()) || !matches!(body, Body::Whole(_)) {
            return broken(format!("{position:?} under {id} is no entry of {key:?}"));
        }
        *at = position;
        Ok(())
    }

    /// Checks that each subscription has its outcome and is at the head, and that each message is confirmed.
    fn is_complete(&self, model: &Model) -> Result<(), PromiseError> {
        let behind = self.subscriptions.values().find(|reading| {
            reading.at.is_none_or(|(_, at)| {
                let head = model.head(&reading.key);
                head.is_some_and(|head| head.epoch == at.epoch && head.cursor > at.cursor)
            })
        });
        let [sent, delivered, confirmed] = self.uploads;
        if self.closed || (behind.is_none() && sent == delivered && delivered == confirmed) {
            return Ok(());
        }
        let what = format!("{behind:?} is behind; messages {:?}", self.uploads);
        Err(Promise::Liveness.broken(what))
    }

    /// Ends the connection, and the session too if it sends a goodbye while the server reads.
    ///
    /// # Errors
    /// Fails if state of it is left in the hub.
    pub fn leave(mut self, now: Moment, says_goodbye: bool) -> Result<(), PromiseError> {
        let hub = Arc::clone(&self.hub);
        if says_goodbye && !self.closed && !self.peer.is_full() {
            let mut message = self.message();
            message.op(&ClientOp::Goodbye);
            let message = Message::Binary(message.into_bytes().into());
            self.peer.handle_message(now, message);
            self.act(now)?;
            if hub.knows(now, self.client) {
                let what = format!("{} said goodbye, and its session exists", self.client);
                return Err(Promise::Cleanup.broken(what));
            }
        }
        let keys = std::mem::take(&mut self.subscriptions).into_values();
        let keys: Vec<StreamKey> = keys.map(|reading| reading.key).collect();
        let readers = |key: &StreamKey| hub.readers(key).unwrap_or(0);
        let before: Vec<usize> = keys.iter().map(readers).collect();
        self.peer.disconnected(now);
        drop(self);
        for (key, before) in keys.iter().zip(before) {
            let (after, is_left) = (readers(key), hub.readers(key).is_some());
            if after + 1 != before || (after == 0 && is_left && Source::is_raw(key)) {
                let what = format!("{key:?} had {before} readers and has {after}: {is_left}");
                return Err(Promise::Cleanup.broken(what));
            }
        }
        Ok(())
    }
}
