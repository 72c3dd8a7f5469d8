//! Messages of the raw client: arbitrary ops and uploads in one message.

use push_wire_server::Rates;
use push_wire_shared::frame::{BinaryFlags, FrameHeader};
use push_wire_shared::position::{Scope, StartAt, StreamKey};
use push_wire_shared::session::op::{ClientOp, ScopeRequest, Subscribe};
use push_wire_shared::session::wire::{Content, UplinkHeader, write_record};
use uuid::Uuid;

use super::feed::{Feed, ROOM, SYSTEM};

const TOPIC: &str = "raw-";

/// A stream that the raw client reads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    /// The stream.
    pub key: StreamKey,
    channel: &'static str,
    scope: ScopeRequest,
}

impl Source {
    /// A log that pages read too.
    #[must_use]
    pub fn feed(feed: Feed) -> Self {
        Self {
            key: feed.stream(Uuid::nil()),
            channel: feed.channel(),
            scope: feed.request(),
        }
    }

    /// A topic that nobody else reads, and into which nothing is published.
    #[must_use]
    pub fn topic(number: u32) -> Self {
        let topic = format!("{TOPIC}{number}");
        Self {
            key: StreamKey {
                channel: ROOM,
                scope: Scope::Topic(topic.as_str().into()),
            },
            channel: Feed::Room(0).channel(),
            scope: ScopeRequest::Topic(topic),
        }
    }

    /// Returns whether only the raw client reads this stream.
    #[must_use]
    pub fn is_raw(key: &StreamKey) -> bool {
        matches!(&key.scope, Scope::Topic(topic) if topic.starts_with(TOPIC))
    }
}

/// Frames and messages to the application, as the server counts them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RawLoad {
    /// Frames. An op with a list counts as many as it has items.
    pub frames: u64,
    /// Bytes.
    pub bytes: u64,
    /// Messages to the application.
    pub uploads: u64,
}

impl RawLoad {
    const NOTHING: Self = Self {
        frames: 0,
        bytes: 0,
        uploads: 0,
    };

    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            frames: self.frames + other.frames,
            bytes: self.bytes + other.bytes,
            uploads: self.uploads + other.uploads,
        }
    }

    /// Returns whether a new connection may send it at once.
    #[must_use]
    pub fn is_allowed(self, rates: &Rates) -> bool {
        self.frames <= rates.frames.burst.into()
            && self.bytes <= rates.bytes.burst.into()
            && self.uploads <= rates.uploads.burst.into()
    }
}

/// Builder of one WebSocket message.
#[derive(Debug)]
pub struct RawMessage {
    bytes: Vec<u8>,
    control: u32,
    load: RawLoad,
    steps: Vec<(u32, Option<Source>)>,
}

impl RawMessage {
    /// An empty message of a connection that has written this many control frames.
    #[must_use]
    pub const fn new(control: u32) -> Self {
        Self {
            bytes: Vec::new(),
            control,
            load: RawLoad::NOTHING,
            steps: Vec::new(),
        }
    }

    fn record(&mut self, channel: u8, sequence: u32, payload: &[u8]) {
        let header = FrameHeader {
            flags: BinaryFlags::default(),
            channel,
            sequence,
        };
        write_record(&mut self.bytes, header, payload);
    }

    /// Adds an op that counts as one frame.
    pub fn op(&mut self, op: &ClientOp) {
        self.list(op, 1);
    }

    /// Adds an op with a list of so many items.
    fn list(&mut self, op: &ClientOp, items: usize) {
        self.load.frames += items as u64;
        let mut payload = Vec::new();
        op.encode(&mut payload);
        self.record(SYSTEM, self.control, &payload);
        self.control = self.control.wrapping_add(1);
    }

    /// Adds a subscribe.
    pub fn subscribe(&mut self, id: u32, source: Source) {
        self.op(&ClientOp::Subscribe(vec![Subscribe {
            id,
            channel: source.channel.into(),
            scope: source.scope.clone(),
            position: None,
            start: StartAt::Oldest,
        }]));
        self.steps.push((id, Some(source)));
    }

    /// Adds an unsubscribe.
    pub fn unsubscribe(&mut self, ids: Vec<u32>) {
        self.steps.extend(ids.iter().map(|id| (*id, None)));
        let items = ids.len();
        self.list(&ClientOp::Unsubscribe(ids), items);
    }

    /// Adds a message to the application, with this number and a text of `bytes` bytes.
    pub fn upload(&mut self, number: u64, bytes: usize) {
        let mut body = vec![b'x'; bytes + 2];
        (body[0], body[bytes + 1]) = (b'"', b'"');
        self.uplink(number, Content::Value, &body);
    }

    /// Adds a message to the application, with this number and a body of `bytes` bytes that is no text.
    pub fn upload_bytes(&mut self, number: u64, bytes: usize) {
        self.uplink(number, Content::Bytes, &vec![0; bytes]);
    }

    fn uplink(&mut self, number: u64, content: Content, body: &[u8]) {
        let mut payload = Vec::new();
        UplinkHeader::new(content).write(&mut payload);
        payload.extend_from_slice(body);
        let low = number & u64::from(u32::MAX);
        self.record(ROOM, u32::try_from(low).unwrap_or(0), &payload);
        self.load.frames += 1;
        self.load.uploads += 1;
    }

    /// Length in bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Returns whether nothing was added.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Control frames that the connection has written, with those of this message.
    #[must_use]
    pub const fn control(&self) -> u32 {
        self.control
    }

    /// Number of messages to the application.
    #[must_use]
    pub const fn uploads(&self) -> u64 {
        self.load.uploads
    }

    /// Load of the message.
    #[must_use]
    pub const fn load(&self) -> RawLoad {
        RawLoad {
            bytes: self.bytes.len() as u64,
            ..self.load
        }
    }

    /// Changes to subscriptions, in order: id and source of a subscribe, id and `None` of an unsubscribe.
    #[must_use]
    pub fn steps(&self) -> Vec<(u32, Option<Source>)> {
        self.steps.clone()
    }

    /// Bytes of the message.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
