//! Operations of the odd client, and the server's end of its connection.

use std::sync::Arc;

use push_wire_server::internals::hub::Hub;
use push_wire_shared::session::op::ClientOp;
use push_wire_shared::time::Moment;
use uuid::Uuid;

use super::check::{Promise, PromiseError};
use super::feed::Feed;
use super::model::Model;
use super::node::Node;
use super::odd_message::Source;
use super::odd_peer::OddPeer;
use super::tally::Tally;

/// Topics that the odd client reads at once, beyond those of the pages.
pub const ODD_TOPICS: usize = 2;

/// First of the ids that it never subscribes with.
const UNKNOWN: u32 = 1_000_000;

/// The id that is used again and again.
const REUSED: u32 = 1;

/// Most messages that a client which reads nothing sends at once.
const UNREAD_MESSAGES: usize = 40;

/// Pings, and messages to the application, in each of them.
const UNREAD_FRAMES: usize = 50;

/// Bytes that wait for a client which reads nothing, at most: `control_ops` ops of 90 bytes, and the answers to one
/// message above that.
const UNREAD_BYTES: usize = 1_024 * 90 + 256 * 1_024;

/// Something that the wire allows and no client of ours does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trick {
    /// Ends subscriptions that there are none of.
    Unknown {
        /// Ops.
        ops: u8,
        /// Ids in each, some of them twice.
        ids: u16,
    },
    /// Begins and ends subscriptions in one message.
    Both {
        /// Topics.
        topics: u8,
        /// All begin before any ends.
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
        /// All is asked for in one message.
        at_once: bool,
    },
    /// Sends many messages to the application in one of the connection.
    Upload {
        /// Messages.
        messages: u8,
        /// Bytes of each.
        bytes: u16,
        /// As many as the largest message of the connection takes.
        is_full: bool,
    },
    /// Sends messages of the connection, each with pings and messages to the application, until the server takes no more.
    Flood,
}

impl Trick {
    const fn name(self) -> &'static str {
        match self {
            Self::Unknown { .. } => "odd: unknown ids",
            Self::Both { .. } => "odd: begun and ended in one message",
            Self::Reuse { .. } => "odd: an id reused",
            Self::Upload { is_full: false, .. } => "odd: uploads",
            Self::Upload { is_full: true, .. } => "odd: uploads up to the limit",
            Self::Flood => "odd: floods until the server stops it",
        }
    }
}

/// The odd client of one process: at most one connection at a time, each of another client id.
#[derive(Default, Debug)]
pub struct Odd {
    connection: Option<OddPeer>,
    connections: u128,
}

impl Odd {
    fn connection(&mut self, hub: &Arc<Hub>, now: Moment) -> Result<OddPeer, PromiseError> {
        if let Some(mut connection) = self.connection.take() {
            if connection.stands(now)? {
                return Ok(connection);
            }
            connection.leave(now, false)?;
        }
        self.connections += 1;
        let client = Uuid::from_u128(u128::MAX - self.connections);
        OddPeer::connect(hub, now, client)
    }

    /// Does something odd; then reads all answers or none of them, and ends the connection with or without a goodbye if
    /// `leaves` says so.
    ///
    /// # Errors
    /// Fails if the server does not answer as it should.
    pub fn act(
        &mut self,
        now: Moment,
        hub: &Arc<Hub>,
        node: &mut Node,
        model: &mut Model,
        trick: Trick,
        (reads, leaves): (bool, Option<bool>),
    ) -> Result<Tally, PromiseError> {
        let mut connection = self.connection(hub, now)?;
        let mut tally = Tally::default();
        if !connection.is_full() {
            let entries = connection.entries();
            perform(trick, now, &mut connection, node, model, reads)?;
            tally.add("odd: entries", connection.entries() - entries);
            tally.add(trick.name(), 1);
        }
        if reads {
            connection.read(now, model)?;
        } else {
            tally.add("odd: reads nothing", 1);
        }
        match leaves {
            Some(says_goodbye) => connection.leave(now, says_goodbye)?,
            None => self.connection = Some(connection),
        }
        Ok(tally)
    }
}

fn perform(
    trick: Trick,
    now: Moment,
    odd: &mut OddPeer,
    node: &mut Node,
    model: &mut Model,
    reads: bool,
) -> Result<(), PromiseError> {
    match trick {
        Trick::Unknown { ops, ids } => unknown(now, odd, ops, ids),
        Trick::Both { topics, together } => both(now, odd, topics, together),
        Trick::Reuse {
            first,
            second,
            published,
            at_once,
        } => {
            let mut message = odd.message();
            message.unsubscribe(vec![REUSED]);
            message.subscribe(REUSED, source(first));
            if !at_once {
                odd.send(now, message)?;
                publish(now, node, model, [first, second], published)?;
                if reads {
                    odd.read(now, model)?;
                }
                message = odd.message();
            }
            message.unsubscribe(vec![REUSED]);
            message.subscribe(REUSED, source(second));
            odd.send(now, message)?;
            publish(now, node, model, [first, second], published)
        }
        Trick::Upload {
            messages,
            bytes,
            is_full,
        } => upload(now, odd, messages, bytes, is_full),
        Trick::Flood => flood(now, odd),
    }
}

/// The last one is a topic of its own.
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

fn unknown(now: Moment, odd: &mut OddPeer, ops: u8, ids: u16) -> Result<(), PromiseError> {
    let mut message = odd.message();
    for _ in 0..ops {
        let ids = (0..u32::from(ids)).map(|id| UNKNOWN + id - id % 3);
        message.unsubscribe(ids.collect());
    }
    let before = odd.unread_ops();
    odd.send(now, message)?;
    let answers = odd.unread_ops() - before;
    if answers > usize::from(ops) {
        let what = format!("{ops} ops with unknown ids are answered with {answers}");
        return Err(Promise::Answers.broken(what));
    }
    Ok(())
}

fn both(now: Moment, odd: &mut OddPeer, topics: u8, together: bool) -> Result<(), PromiseError> {
    let ids = || (REUSED + 1..).take(usize::from(topics));
    let mut message = odd.message();
    for id in ids() {
        message.subscribe(id, Source::topic(id));
        if !together {
            message.unsubscribe(vec![id]);
        }
    }
    if together {
        message.unsubscribe(ids().collect());
    }
    odd.send(now, message)?;
    odd.has_no_stream_of(ids().map(Source::topic))
}

fn upload(
    now: Moment,
    odd: &mut OddPeer,
    messages: u8,
    bytes: u16,
    is_full: bool,
) -> Result<(), PromiseError> {
    let mut message = odd.message();
    let most = if is_full {
        usize::MAX
    } else {
        usize::from(messages)
    };
    for number in (odd.next_upload()..).take(most) {
        if message.len() + usize::from(bytes) + 32 > odd.message_limit() {
            break;
        }
        message.upload(number, bytes.into());
    }
    odd.send(now, message)
}

/// A driver hands on no message while the peer is full; what then waits is bounded.
fn flood(now: Moment, odd: &mut OddPeer) -> Result<(), PromiseError> {
    for _ in 0..UNREAD_MESSAGES {
        if odd.is_full() {
            break;
        }
        let mut message = odd.message();
        for number in (odd.next_upload()..).take(UNREAD_FRAMES) {
            message.op(&ClientOp::Ping);
            message.upload(number, 10);
        }
        odd.send(now, message)?;
        if odd.unread_bytes() > UNREAD_BYTES {
            let what = format!("{} bytes wait to be read", odd.unread_bytes());
            return Err(Promise::Answers.broken(what));
        }
    }
    if odd.is_full() {
        return Ok(());
    }
    Err(Promise::Answers.broken("a client that reads nothing is never stopped".into()))
}
