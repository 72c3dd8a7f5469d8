//! Support of the tests: a client session connected to a scripted server.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use uuid::Uuid;

use crate::channel::ChannelMode;
use crate::delta;
use crate::encoding::PayloadEncoding;
use crate::fragment::split;
use crate::frame::{BinaryFlags, FrameHeader};
use crate::position::{Cursor, Epoch, Position, StartAt, Tag, low_bits};
use crate::session::client::{
    ClientConfig, ClientSession, Entry, Event, Input, Output, Status, Subscription,
};
use crate::session::op::{Auth, AuthOk, ChannelInfo, ClientOp, ScopeRequest, ServerOp, Subscribe};
use crate::session::wire::{
    Content, DeltaHeader, EntryHeader, Records, UplinkHeader, fragment_id, write_record,
};
use crate::time::Moment;

pub(super) const CLIENT: Uuid = Uuid::from_u128(7);
pub(super) const SECRET: [u8; 16] = [9; 16];
pub(super) const HEARTBEAT: Duration = Duration::from_secs(15);
pub(super) const SYSTEM: u8 = 200;
pub(super) const CHAT: u8 = 1;
pub(super) const DOC: u8 = 2;
pub(super) const EPOCH: Epoch = Epoch(5);

pub(super) fn at(cursor: Cursor) -> Position {
    Position::untagged(EPOCH, cursor)
}

pub(super) fn config() -> ClientConfig {
    ClientConfig::new(CLIENT, 1)
}

/// The channel itself, from its oldest entry.
pub(super) fn whole_channel(channel: &str) -> Subscription {
    Subscription {
        channel: channel.into(),
        scope: ScopeRequest::Channel,
        position: None,
        start: StartAt::Oldest,
        keeps_position: true,
    }
}

/// A client session and a scripted server, connected by the test.
pub(super) struct Harness {
    pub(super) session: ClientSession,
    pub(super) now: Moment,
    attempt: u32,
    next_control: u32,
    next_sequence: u32,
    sent_frames: Vec<SentFrame>,
    /// Outputs of the session other than messages, since the test last took them.
    pub(super) outputs: Vec<Output>,
}

/// One frame that the client sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum SentFrame {
    Op(ClientOp),
    Message {
        channel: u8,
        topic: Option<Vec<u8>>,
        number: u32,
        body: Vec<u8>,
    },
}

impl Harness {
    pub(super) fn new(config: ClientConfig) -> Self {
        Self {
            session: ClientSession::new(config),
            now: Moment::after_origin(Duration::from_secs(1_000)),
            attempt: 0,
            next_control: 0,
            next_sequence: 0,
            sent_frames: vec![],
            outputs: vec![],
        }
    }

    /// A session that is connected and reads one whole channel; returns the subscription and its wire id.
    pub(super) fn reading(channel: &str, stream: u64, position: Position) -> (Self, u32, u32) {
        let mut harness = Self::new(config());
        let id = harness.subscribe(whole_channel(channel));
        let auth = harness.open();
        harness.auth_ok(false, 0);
        let wire_id = auth.subscriptions[0].id;
        harness.control(&[resumed(wire_id, stream, position, 0)]);
        harness.events();
        (harness, id, wire_id)
    }

    pub(super) fn subscribe(&mut self, subscription: Subscription) -> u32 {
        let id = self.session.subscribe(self.now, subscription).unwrap();
        self.drain();
        id
    }

    /// Sorts the client's outputs into messages, events and others.
    pub(super) fn drain(&mut self) {
        while let Some(output) = self.session.poll_output() {
            if let Output::Connect { attempt, .. } = output {
                self.attempt = attempt;
                self.next_control = 0;
                self.next_sequence = 0;
            }
            if let Output::Transmit(message) = output {
                self.receive(&message);
            } else {
                self.outputs.push(output);
            }
        }
    }

    /// Reads a message of the client; its control frames must count up.
    fn receive(&mut self, message: &[u8]) {
        for record in Records::new(message) {
            let (header, payload) = record.unwrap();
            let sent_frames = read(header, payload, &mut self.next_sequence);
            self.sent_frames.push(sent_frames);
        }
    }

    /// Number of the newest attempt to connect.
    pub(super) fn attempt(&self) -> u32 {
        self.attempt
    }

    pub(super) fn input(&mut self, input: Input) {
        self.session.handle_input(self.now, input);
        self.drain();
    }

    /// Connects and opens the socket; returns the client's `auth`.
    pub(super) fn open(&mut self) -> Auth {
        self.session.connect(self.now);
        self.drain();
        self.open_socket()
    }

    /// Opens the socket that the client asked for; returns its `auth`.
    pub(super) fn open_socket(&mut self) -> Auth {
        self.sent_frames();
        let attempt = self.attempt;
        self.input(Input::Opened { attempt });
        match &self.sent_frames()[..] {
            [SentFrame::Op(ClientOp::Auth(auth))] => auth.clone(),
            other => panic!("not auth alone: {other:?}"),
        }
    }

    pub(super) fn auth_ok(&mut self, resumed: bool, received: u64) {
        self.control(&[auth_ok(resumed, received)]);
    }

    pub(super) fn message(&mut self, bytes: Vec<u8>) {
        let attempt = self.attempt;
        self.input(Input::Message { attempt, bytes });
    }

    /// Control frames, in one message.
    pub(super) fn control(&mut self, ops: &[ServerOp]) {
        let mut message = vec![];
        for op in ops {
            let mut payload = vec![];
            op.encode(&mut payload);
            let header = FrameHeader {
                flags: BinaryFlags::default(),
                channel: SYSTEM,
                sequence: self.next_control,
            };
            self.next_control += 1;
            write_record(&mut message, header, &payload);
        }
        self.message(message);
    }

    /// The next control frame is lost.
    pub(super) fn skip_control(&mut self) {
        self.next_control += 1;
    }

    pub(super) fn entry(&mut self, stream: u64, cursor: Cursor, body: &str) {
        self.message(entry(CHAT, stream, cursor, body.as_bytes()));
    }

    pub(super) fn value(&mut self, stream: u64, cursor: Cursor, body: &str) {
        self.message(entry(DOC, stream, cursor, body.as_bytes()));
    }

    pub(super) fn close(&mut self, code: Option<u16>) {
        let attempt = self.attempt;
        let reason = String::new();
        self.input(Input::Closed {
            attempt,
            code,
            reason,
        });
    }

    /// Loses the connection, waits for the client's next attempt, and opens its socket.
    pub(super) fn reconnect(&mut self) -> Auth {
        self.close(None);
        self.let_time_pass();
        self.open_socket()
    }

    /// Moves the time to the next deadline.
    pub(super) fn let_time_pass(&mut self) {
        self.now = self.session.poll_timeout().unwrap().max(self.now);
        self.session.handle_timeout(self.now);
        self.drain();
    }

    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while self.session.poll_timeout().is_some_and(|due| due <= end) {
            self.let_time_pass();
        }
        self.now = end;
    }

    /// Messages that the client sent since the last call.
    pub(super) fn sent_frames(&mut self) -> Vec<SentFrame> {
        core::mem::take(&mut self.sent_frames)
    }

    pub(super) fn ops(&mut self) -> Vec<ClientOp> {
        let ops = self
            .sent_frames()
            .into_iter()
            .map(|sent_frames| match sent_frames {
                SentFrame::Op(op) => op,
                SentFrame::Message { .. } => panic!("not an op: {sent_frames:?}"),
            });
        ops.collect()
    }

    /// The subscription that the client asks for again, after taking the old request back.
    pub(super) fn asked_again(&mut self, old: u32) -> Subscribe {
        match &self.ops()[..] {
            [ClientOp::Unsubscribe(ids), ClientOp::Subscribe(items)]
                if *ids == [old] && items.len() == 1 =>
            {
                items[0].clone()
            }
            other => panic!("not asked again: {other:?}"),
        }
    }

    /// Events since the last call, without changes of status.
    pub(super) fn events(&mut self) -> Vec<Event> {
        let mut events = vec![];
        self.outputs.retain(|output| match output {
            Output::Event(Event::Status(_)) => false,
            Output::Event(event) => {
                events.push(event.clone());
                false
            }
            Output::Connect { .. }
            | Output::Disconnect { .. }
            | Output::FetchDictionary { .. }
            | Output::TokenWanted { .. }
            | Output::Transmit(_)
            | Output::Post { .. } => true,
        });
        events
    }

    /// Cursor and text of each entry since the last call; there must be no other events.
    pub(super) fn texts(&mut self) -> Vec<(Cursor, String)> {
        let entries = self.events().into_iter().map(|event| {
            let Event::Entry(Entry { position, body, .. }) = event else {
                panic!("not an entry: {event:?}");
            };
            (position.cursor, String::from_utf8(body.to_vec()).unwrap())
        });
        entries.collect()
    }

    /// The close code of the `Disconnect` since the last call.
    pub(super) fn disconnected(&mut self) -> Option<u16> {
        let mut code = None;
        self.outputs.retain(|output| match output {
            Output::Disconnect { code: of } => {
                code = Some(*of);
                false
            }
            Output::Connect { .. }
            | Output::FetchDictionary { .. }
            | Output::TokenWanted { .. }
            | Output::Transmit(_)
            | Output::Post { .. }
            | Output::Event(_) => true,
        });
        code
    }

    pub(super) fn waits(&self) -> Duration {
        let status = self.session.status();
        let Status::Waiting { until, .. } = status else {
            panic!("not waiting: {status:?}");
        };
        until - self.now
    }

    pub(super) fn closed_with(&self) -> Option<u16> {
        let status = self.session.status();
        let Status::Closed { cause } = status else {
            panic!("not closed: {status:?}");
        };
        cause.code
    }
}

fn read(header: FrameHeader, payload: &[u8], next_control: &mut u32) -> SentFrame {
    let is_first = *next_control == 0;
    if is_first || header.channel == SYSTEM {
        assert_eq!(header.sequence, *next_control);
        *next_control += 1;
        return SentFrame::Op(ClientOp::decode(payload).unwrap());
    }
    let (uplink, body) = UplinkHeader::split(payload).unwrap();
    SentFrame::Message {
        channel: header.channel,
        topic: uplink.topic.map(<[u8]>::to_vec),
        number: header.sequence,
        body: body.to_vec(),
    }
}

pub(super) fn auth_ok(resumed: bool, received: u64) -> ServerOp {
    let channel = |id, name: &str, mode| ChannelInfo {
        id,
        name: name.into(),
        priority: 1,
        mode,
    };
    ServerOp::AuthOk(AuthOk {
        client_id: CLIENT,
        secret: SECRET,
        resumed,
        received,
        rejected: vec![],
        heartbeat_ms: HEARTBEAT.as_secs() * 1000,
        max_message_bytes: 10_000,
        encoding: PayloadEncoding::Json,
        channels: vec![
            channel(SYSTEM, "system", ChannelMode::System),
            channel(CHAT, "chat", ChannelMode::Log),
            channel(DOC, "doc", ChannelMode::State),
        ],
    })
}

pub(super) fn resumed(id: u32, stream: u64, position: Position, caught_up: u64) -> ServerOp {
    ServerOp::Resumed {
        id,
        stream,
        position,
        caught_up,
    }
}

fn frame(channel: u8, cursor: Cursor, payload: &[u8], wants_ack: bool) -> Vec<u8> {
    let header = FrameHeader {
        flags: BinaryFlags {
            ack_required: wants_ack,
            ..BinaryFlags::default()
        },
        channel,
        sequence: low_bits(cursor),
    };
    let mut message = vec![];
    write_record(&mut message, header, payload);
    message
}

fn whole(stream: u64, body: &[u8]) -> Vec<u8> {
    tagged(stream, Tag::UNKNOWN, body)
}

fn tagged(stream: u64, tag: Tag, body: &[u8]) -> Vec<u8> {
    let mut payload = vec![];
    header(stream, tag).write_whole(&mut payload);
    payload.extend_from_slice(body);
    payload
}

fn header(stream: u64, tag: Tag) -> EntryHeader {
    let content = Content::Value;
    EntryHeader {
        stream,
        content,
        tag,
    }
}

/// An entry on the chat channel with this tag.
pub(super) fn tagged_entry(stream: u64, cursor: Cursor, tag: Tag, body: &str) -> Vec<u8> {
    frame(CHAT, cursor, &tagged(stream, tag, body.as_bytes()), false)
}

pub(super) fn entry(channel: u8, stream: u64, cursor: Cursor, body: &[u8]) -> Vec<u8> {
    frame(channel, cursor, &whole(stream, body), false)
}

pub(super) fn inbox_entry(stream: u64, cursor: Cursor, body: &[u8]) -> Vec<u8> {
    frame(CHAT, cursor, &whole(stream, body), true)
}

/// The messages of an entry that is sent in fragments of `piece_bytes`.
pub(super) fn in_fragments(
    stream: u64,
    cursor: Cursor,
    entry: &[u8],
    piece_bytes: usize,
) -> Vec<Vec<u8>> {
    let (mut header, payload) = Records::new(entry).next().unwrap().unwrap();
    header.flags.fragmented = true;
    let shards = split(fragment_id(stream, cursor), payload, piece_bytes).unwrap();
    let message = |payload: Vec<u8>| {
        let mut message = vec![];
        write_record(&mut message, header, &payload);
        message
    };
    shards.map(|shard| message(shard.encode())).collect()
}

/// An entry that carries `target` as a delta on `base`, the value `distance` entries before.
pub(super) fn delta_entry(
    stream: u64,
    cursor: Cursor,
    distance: u64,
    base: &str,
    target: &str,
) -> Vec<u8> {
    let delta = DeltaHeader {
        distance,
        base_check: delta::check(base.as_bytes()).base(),
        result_check: delta::check(target.as_bytes()).result(),
    };
    let mut payload = vec![];
    header(stream, Tag::UNKNOWN).write_delta(delta, &mut payload);
    payload.extend_from_slice(&delta::encode(base.as_bytes(), target.as_bytes()).unwrap());
    frame(DOC, cursor, &payload, false)
}
