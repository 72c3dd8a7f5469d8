//! Operations of the raw client, which the protocol allows and our clients never do.

use std::sync::Arc;

use push_wire_server::internals::hub::Hub;
use push_wire_shared::limits::MESSAGE_BYTES;
use push_wire_shared::session::op::ClientOp;
use push_wire_shared::time::Moment;
use uuid::Uuid;

use super::check::{Promise, PromiseError};
use super::feed::Feed;
use super::model::Model;
use super::node::Node;
use super::raw_connection::RawConnection;
use super::raw_message::{RawLoad, Source};
use super::tally::Tally;

/// Topics that the raw client reads at once, beyond those of the pages.
pub const RAW_TOPICS: usize = 2;

/// First of the ids with which it never subscribes.
const UNKNOWN: u32 = 1_000_000;

/// Id that its operations reuse.
const REUSED: u32 = 1;

/// Limit of the messages that it sends without reading.
const UNREAD_MESSAGES: usize = 40;

/// Pings in each of them.
const UNREAD_PINGS: usize = 50;

/// Messages to the application in each of them.
const UNREAD_UPLOADS: usize = 5;

/// Limit of the bytes that wait for a client which reads nothing: `control_ops` ops of 90 bytes, and the answers to one
/// message.
const UNREAD_BYTES: usize = 1_024 * 90 + 256 * 1_024;

/// Most messages to the application in one message (1,050): more than the answers that may wait for a client.
const FULL_UPLOADS: usize = 1_050;

/// Most bytes of an operation that sends no long text.
const SMALL_BYTES: u64 = 200 * 1024;

/// Operation that the protocol allows and none of our clients does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RawOperation {
    /// Ends subscriptions that do not exist.
    Unknown {
        /// Ops.
        ops: u8,
        /// Ids in each, some of them repeated.
        ids: u16,
    },
    /// Begins and ends subscriptions in one message.
    Together {
        /// Topics.
        topics: u8,
        /// True if all begin before the first ends.
        together: bool,
    },
    /// Uses one id for two streams.
    Reuse {
        /// Index of the first stream.
        first: u8,
        /// Index of the second stream.
        second: u8,
        /// Entries that are published into both while the first is read, and again when the second is.
        published: u8,
        /// True if both subscriptions are in one message.
        at_once: bool,
    },
    /// Sends many messages to the application in one WebSocket message.
    Upload {
        /// Messages.
        messages: u8,
        /// Bytes of each.
        bytes: u16,
        /// True if as many are sent as fit into the largest WebSocket message and the rates, in place of `messages`.
        is_full: bool,
    },
    /// Sends WebSocket messages with pings and messages to the application, until the server reads no more.
    Flood,
}

impl RawOperation {
    const fn name(self) -> &'static str {
        match self {
            Self::Unknown { .. } => "raw client: unknown ids",
            Self::Together { .. } => "raw client: begun and ended in one message",
            Self::Reuse { .. } => "raw client: an id reused",
            Self::Upload { is_full: false, .. } => "raw client: uploads",
            Self::Upload { is_full: true, .. } => "raw client: uploads up to the limit",
            Self::Flood => "raw client: floods until the server stops it",
        }
    }
}

impl RawOperation {
    /// Most that it sends.
    fn most(self) -> RawLoad {
        let bytes = SMALL_BYTES;
        match self {
            Self::Unknown { ops, ids } => RawLoad {
                frames: u64::from(ops) * u64::from(ids),
                bytes,
                uploads: 0,
            },
            Self::Together { .. } | Self::Reuse { .. } => RawLoad {
                frames: 100,
                bytes,
                uploads: 0,
            },
            Self::Upload { .. } => RawLoad {
                frames: FULL_UPLOADS as u64,
                bytes: MESSAGE_BYTES as u64,
                uploads: FULL_UPLOADS as u64,
            },
            Self::Flood => RawLoad {
                frames: (UNREAD_MESSAGES * (UNREAD_PINGS + UNREAD_UPLOADS)) as u64,
                bytes,
                uploads: (UNREAD_MESSAGES * UNREAD_UPLOADS) as u64,
            },
        }
    }
}

/// The raw client of one server process: one connection at a time, each with a new client id.
#[derive(Default, Debug)]
pub struct RawClient {
    connection: Option<RawConnection>,
    connections: u128,
}

impl RawClient {
    /// A connection that may send this load at once.
    fn connection(
        &mut self,
        hub: &Arc<Hub>,
        now: Moment,
        load: RawLoad,
    ) -> Result<RawConnection, PromiseError> {
        if let Some(mut connection) = self.connection.take() {
            if connection.is_open(now)? && connection.may_send(load) {
                return Ok(connection);
            }
            connection.leave(now, false)?;
        }
        self.connections += 1;
        let client = Uuid::from_u128(u128::MAX - self.connections);
        RawConnection::connect(hub, now, client)
    }

    /// Carries out an operation. Then reads all answers or none, and ends the connection with (true) or without a goodbye
    /// if `leaves` is given.
    ///
    /// # Errors
    /// Fails if an answer breaks a promise.
    pub fn act(
        &mut self,
        now: Moment,
        hub: &Arc<Hub>,
        node: &mut Node,
        model: &mut Model,
        operation: RawOperation,
        (reads, leaves): (bool, Option<bool>),
    ) -> Result<Tally, PromiseError> {
        let mut connection = self.connection(hub, now, operation.most())?;
        let mut tally = Tally::default();
        if !connection.is_full() {
            let entries = connection.entries();
            carry_out(operation, now, &mut connection, node, model, reads)?;
            tally.add("raw client: entries", connection.entries() - entries);
            tally.add(operation.name(), 1);
        }
        if reads {
            connection.read(now, model)?;
        } else {
            tally.add("raw client: reads nothing", 1);
        }
        match leaves {
            Some(says_goodbye) => connection.leave(now, says_goodbye)?,
            None => self.connection = Some(connection),
        }
        Ok(tally)
    }
}

fn carry_out(
    operation: RawOperation,
    now: Moment,
    connection: &mut RawConnection,
    node: &mut Node,
    model: &mut Model,
    reads: bool,
) -> Result<(), PromiseError> {
    match operation {
        RawOperation::Unknown { ops, ids } => unknown(now, connection, ops, ids),
        RawOperation::Together { topics, together } => {
            begin_and_end(now, connection, topics, together)
        }
        RawOperation::Reuse {
            first,
            second,
            published,
            at_once,
        } => {
            let mut message = connection.message();
            message.unsubscribe(vec![REUSED]);
            message.subscribe(REUSED, source(first));
            if !at_once {
                connection.send(now, message)?;
                publish(now, node, model, [first, second], published)?;
                if reads {
                    connection.read(now, model)?;
                }
                message = connection.message();
            }
            message.unsubscribe(vec![REUSED]);
            message.subscribe(REUSED, source(second));
            connection.send(now, message)?;
            publish(now, node, model, [first, second], published)
        }
        RawOperation::Upload {
            messages,
            bytes,
            is_full,
        } => upload(now, connection, messages, bytes, is_full),
        RawOperation::Flood => flood(now, connection),
    }
}

/// Feeds among the streams over which an id is reused; the last stream is a topic that nobody else reads.
const FEEDS: [Feed; 3] = [Feed::Events, Feed::Room(0), Feed::Room(1)];

/// Number of streams over which an id is reused.
pub const SOURCES: u8 = 4;

fn source(number: u8) -> Source {
    let feed = FEEDS.get(usize::from(number));
    feed.map_or_else(|| Source::topic(0), |feed| Source::feed(*feed))
}

fn publish(
    now: Moment,
    node: &mut Node,
    model: &mut Model,
    sources: [u8; 2],
    count: u8,
) -> Result<(), PromiseError> {
    for _ in 0..count {
        for number in sources {
            if let Some(feed) = FEEDS.get(usize::from(number)) {
                node.publish(now, model, *feed, Uuid::nil(), 20)?;
            }
        }
    }
    Ok(())
}

fn unknown(
    now: Moment,
    connection: &mut RawConnection,
    ops: u8,
    ids: u16,
) -> Result<(), PromiseError> {
    let mut message = connection.message();
    for _ in 0..ops {
        let ids = (0..u32::from(ids)).map(|id| UNKNOWN + id - id % 3);
        message.unsubscribe(ids.collect());
    }
    let before = connection.unread_ops();
    connection.send(now, message)?;
    let answers = connection.unread_ops() - before;
    if answers > usize::from(ops) {
        let what = format!("{ops} ops with unknown ids are answered with {answers}");
        return Err(Promise::BoundedAnswers.broken(what));
    }
    Ok(())
}

fn begin_and_end(
    now: Moment,
    connection: &mut RawConnection,
    topics: u8,
    together: bool,
) -> Result<(), PromiseError> {
    let ids = || (REUSED + 1..).take(usize::from(topics));
    let mut message = connection.message();
    for id in ids() {
        message.subscribe(id, Source::topic(id));
        if !together {
            message.unsubscribe(vec![id]);
        }
    }
    if together {
        message.unsubscribe(ids().collect());
    }
    connection.send(now, message)?;
    connection.has_no_stream_of(ids().map(Source::topic))
}

fn upload(
    now: Moment,
    connection: &mut RawConnection,
    messages: u8,
    bytes: u16,
    is_full: bool,
) -> Result<(), PromiseError> {
    let mut message = connection.message();
    let most = if is_full {
        FULL_UPLOADS
    } else {
        usize::from(messages)
    };
    for number in (connection.next_upload()..).take(most) {
        if message.len() + usize::from(bytes) + 32 > connection.message_limit() {
            break;
        }
        message.upload(number, bytes.into());
    }
    connection.send(now, message)
}

/// Sends until the peer is full, and checks the bytes that then wait for the client.
fn flood(now: Moment, connection: &mut RawConnection) -> Result<(), PromiseError> {
    for _ in 0..UNREAD_MESSAGES {
        if connection.is_full() {
            break;
        }
        let mut message = connection.message();
        for _ in 0..UNREAD_PINGS {
            message.op(&ClientOp::Ping);
        }
        for number in (connection.next_upload()..).take(UNREAD_UPLOADS) {
            message.upload(number, 10);
        }
        connection.send(now, message)?;
        if connection.unread_bytes() > UNREAD_BYTES {
            let what = format!("{} bytes wait to be read", connection.unread_bytes());
            return Err(Promise::BoundedAnswers.broken(what));
        }
    }
    if connection.is_full() {
        return Ok(());
    }
    Err(Promise::BoundedAnswers.broken("a client that reads nothing is never stopped".into()))
}
