//! The odd client: a raw connection beside the pages, whose frames are well-formed and whose ops come in orders that
//! our clients never use.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use push_wire_server::Grant;
use push_wire_server::internals::carrier;
use push_wire_server::internals::hub::Hub;
use push_wire_server::internals::peer::{Action, Dialect, Message, Peer};
use push_wire_shared::fragment::FragmentHeader;
use push_wire_shared::frame::FrameHeader;
use push_wire_shared::position::{Position, StreamKey, cursor_from_low_bits};
use push_wire_shared::session::op::{Auth, ClientOp, ServerOp};
use push_wire_shared::session::wire::{Body, EntryHeader, Records, fragment_of};
use push_wire_shared::time::Moment;
use uuid::Uuid;

use super::check::{Promise, PromiseError};
use super::feed::SYSTEM;
use super::model::Model;
use super::odd_message::{OddMessage, Source};

/// Bytes of control ops that a byte of a client may cause; the smallest op that is answered takes 10 bytes with its
/// frame, a short error 90.
const ANSWER_FACTOR: usize = 9;

/// Bytes of control ops that any message may cause beside those.
const ANSWER_BYTES: usize = 512;

/// A subscription as the client knows it.
#[derive(Debug)]
struct Reading {
    ask: u64,
    key: StreamKey,
    /// Number of the stream, and the last entry; `None` before the outcome.
    at: Option<(u64, Position)>,
}

/// One connection of the odd client.
pub struct OddPeer {
    peer: Peer,
    hub: Arc<Hub>,
    client: Uuid,
    /// Control frames written.
    control: u32,
    readings: BTreeMap<u32, Reading>,
    asks: u64,
    /// Subscriptions whose outcomes have not been read: number of the ask, and id.
    outcomes: VecDeque<(u64, u32)>,
    fragments: HashMap<Uuid, Vec<u8>>,
    /// Messages to the application: written, taken, and confirmed.
    uploads: [u64; 3],
    entries: u64,
    closed: bool,
}

impl fmt::Debug for OddPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OddPeer")
            .field("client", &self.client)
            .field("readings", &self.readings)
            .finish_non_exhaustive()
    }
}

impl OddPeer {
    /// A connection whose session stands.
    ///
    /// # Errors
    /// Fails if it is not let in.
    pub fn connect(hub: &Arc<Hub>, now: Moment, client: Uuid) -> Result<Self, PromiseError> {
        let mut odd = Self {
            peer: Peer::new(Arc::clone(hub), Dialect::Wire, now),
            hub: Arc::clone(hub),
            client,
            control: 0,
            readings: BTreeMap::new(),
            asks: 0,
            outcomes: VecDeque::new(),
            fragments: HashMap::new(),
            uploads: [0; 3],
            entries: 0,
            closed: false,
        };
        let mut message = OddMessage::new(0);
        message.op(&ClientOp::Auth(Auth::new(client)));
        odd.control = message.control();
        let message = Message::Binary(message.into_bytes().into());
        odd.peer.handle_message(now, message);
        odd.act(now)?;
        if odd.closed {
            return Err(Promise::Patience.broken(format!("{odd:?} was not let in")));
        }
        Ok(odd)
    }

    /// Does what is due. Returns whether the connection stands.
    ///
    /// # Errors
    /// Fails if the server asks for what breaks a promise.
    pub fn stands(&mut self, now: Moment) -> Result<bool, PromiseError> {
        self.peer.handle_timeout(now);
        self.act(now)?;
        Ok(!self.closed)
    }

    /// A message to be filled and sent.
    #[must_use]
    pub fn message(&self) -> OddMessage {
        OddMessage::new(self.control)
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

    /// Of these streams, which nobody else reads, there is none.
    ///
    /// # Errors
    /// Fails if the hub holds one.
    pub fn has_no_stream_of(
        &self,
        mut sources: impl Iterator<Item = Source>,
    ) -> Result<(), PromiseError> {
        let left = sources.find(|source| self.hub.readers(&source.key).is_some());
        match left {
            Some(left) => Err(Promise::Leftovers.broken(format!("{left:?} is still there"))),
            None => Ok(()),
        }
    }

    /// Sends a message; nothing of the answers is read.
    ///
    /// # Errors
    /// Fails if the answers or what the server then holds are above their bounds, or do not agree with the subscriptions.
    pub fn send(&mut self, now: Moment, message: OddMessage) -> Result<(), PromiseError> {
        self.control = message.control();
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
            return Err(Promise::Answers.broken(what));
        }
        self.holds_what_it_reads()
    }

    fn note(&mut self, steps: Vec<(u32, Option<Source>)>) {
        let mut asked = Vec::new();
        for (id, source) in steps {
            self.readings.remove(&id);
            let Some(source) = source else { continue };
            self.asks += 1;
            asked.push((self.asks, id));
            let reading = Reading {
                ask: self.asks,
                key: source.key,
                at: None,
            };
            self.readings.insert(id, reading);
        }
        self.outcomes.extend(asked);
    }

    /// Nothing is held for a subscription that has ended.
    fn holds_what_it_reads(&self) -> Result<(), PromiseError> {
        let usage = self.peer.usage();
        if self.closed || (usage.opened == 0 && usage.readers == self.readings.len()) {
            return Ok(());
        }
        let what = format!("{usage:?} for {:?}", self.readings);
        Err(Promise::Leftovers.broken(what))
    }

    /// Carries out what the peer asks for.
    fn act(&mut self, now: Moment) -> Result<(), PromiseError> {
        while let Some(action) = self.peer.poll_action(now) {
            match action {
                Action::Authenticate(_) => {
                    self.peer.handle_authenticated(now, Ok(Grant::everything()));
                }
                Action::Deliver(inbound) => {
                    self.uploads[1] += 1;
                    if inbound.number != Some(self.uploads[1]) {
                        let what = format!("{:?} was delivered out of order", inbound.number);
                        return Err(Promise::Uplink.broken(what));
                    }
                    self.peer.handle_answer(now, inbound.number, Ok(()));
                }
                Action::Close { .. } => self.closed = true,
            }
        }
        Ok(())
    }

    /// Reads all that the server has for it.
    ///
    /// # Errors
    /// Fails if an entry is not one of a subscription that stands, or something is missing in the end.
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
                        record.map_err(|error| Promise::Truth.broken(error.to_string()))?;
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
            let op = op.map_err(|error| Promise::Answers.broken(error.to_string()))?;
            return self.op(op);
        }
        if !header.flags.fragmented {
            return self.entry(model, header.channel, None, header.sequence, payload);
        }
        let fragment = FragmentHeader::split(payload);
        let (fragment, bytes) =
            fragment.map_err(|error| Promise::Truth.broken(error.to_string()))?;
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
                self.readings.remove(&id);
                Ok(())
            }
            ServerOp::Rejected(rejected) => {
                Err(Promise::Uplink.broken(format!("refused: {rejected:?}")))
            }
            ServerOp::AuthOk(_)
            | ServerOp::Error { id: None, .. }
            | ServerOp::Dictionary(_)
            | ServerOp::Ping { .. }
            | ServerOp::Pong
            | ServerOp::Goodbye { .. } => Ok(()),
        }
    }

    /// Takes the outcome of a subscribe, or of a reader that retention has passed. Outcomes come in the order of the asks.
    fn outcome(&mut self, id: u32, reading: Option<(u64, Position)>) -> Result<(), PromiseError> {
        let answered = self.outcomes.pop_front();
        if answered.is_some_and(|(_, asked)| asked != id) {
            let what = format!("outcome of {id}, and {answered:?} was asked for before");
            return Err(Promise::Outcome.broken(what));
        }
        let known = self.readings.get_mut(&id);
        let Some(known) = known.filter(|known| answered.is_none_or(|(ask, _)| ask == known.ask))
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

    /// An entry belongs to a subscription that stands, is the next of its stream, and what was published there.
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
        let (header, body) = split.map_err(|error| Promise::Truth.broken(error.to_string()))?;
        let mut readings = self.readings.iter_mut().filter_map(|(id, reading)| {
            let (number, at) = reading.at.as_mut()?;
            (*number == header.stream).then_some((*id, &reading.key, at))
        });
        let broken = |what: String| Err(Promise::Subscription.broken(what));
        let Some((id, key, at)) = readings.next() else {
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

    /// Each subscription has its outcome and stands at the head, and each message is confirmed.
    fn is_complete(&self, model: &Model) -> Result<(), PromiseError> {
        let behind = self.readings.values().find(|reading| {
            reading.at.is_none_or(|(_, at)| {
                let head = model.head(&reading.key);
                head.is_some_and(|head| head.epoch == at.epoch && head.cursor > at.cursor)
            })
        });
        let [written, taken, confirmed] = self.uploads;
        if self.closed || (behind.is_none() && written == taken && taken == confirmed) {
            return Ok(());
        }
        let what = format!("{behind:?} is behind; messages {:?}", self.uploads);
        Err(Promise::Liveness.broken(what))
    }

    /// The connection ends; the session too, if it says goodbye while the server reads.
    ///
    /// # Errors
    /// Fails if something of it stays in the hub.
    pub fn leave(mut self, now: Moment, says_goodbye: bool) -> Result<(), PromiseError> {
        let hub = Arc::clone(&self.hub);
        if says_goodbye && !self.closed && !self.peer.is_full() {
            let mut message = self.message();
            message.op(&ClientOp::Goodbye);
            let message = Message::Binary(message.into_bytes().into());
            self.peer.handle_message(now, message);
            self.act(now)?;
            if hub.knows(now, self.client) {
                let what = format!("{} said goodbye and is known", self.client);
                return Err(Promise::Leftovers.broken(what));
            }
        }
        let keys = std::mem::take(&mut self.readings).into_values();
        let keys: Vec<StreamKey> = keys.map(|reading| reading.key).collect();
        let readers = |key: &StreamKey| hub.readers(key).unwrap_or(0);
        let before: Vec<usize> = keys.iter().map(readers).collect();
        self.peer.disconnected(now);
        drop(self);
        for (key, before) in keys.iter().zip(before) {
            let (after, is_left) = (readers(key), hub.readers(key).is_some());
            if after + 1 != before || (after == 0 && is_left && Source::is_odd(key)) {
                let what = format!("{key:?} had {before} readers and has {after}: {is_left}");
                return Err(Promise::Leftovers.broken(what));
            }
        }
        Ok(())
    }
}
