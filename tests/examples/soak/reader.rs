//! A reader: it checks that no entry is missing, measures their age, and may stop reading for a while.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use push_wire_shared::ChannelKind;
use push_wire_shared::position::{Position, StartAt, cursor_from_low_bits};
use push_wire_shared::session::op::{Auth, ClientOp, ScopeRequest, ServerOp, Subscribe};
use push_wire_shared::session::wire::Body;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::Error;
use super::backend::{Channel, micros};
use super::connection::{Connection, Entry, Item};

/// Bytes that one read takes.
const READ_BYTES: usize = 64 * 1024;

/// Ids of the subscriptions, which name the channels.
const LOG: u32 = 1;
const VALUE: u32 = 2;

/// One entry in so many is measured.
const MEASURED: u64 = 16;

/// Times of a reader.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Number of the reader.
    pub(crate) number: u32,
    /// Times at which it stops reading, and goes on.
    pub(crate) pause: Option<(Instant, Instant)>,
    /// Time before which no latency is measured, the time in which all readers that stop do so, and the end.
    pub(crate) measures_at: Instant,
    pub(crate) others_stop: (Instant, Instant),
    pub(crate) ends_at: Instant,
}

/// Figures of a reader.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    /// Age of entries on arrival, in microseconds: before the others stop, and after.
    pub(crate) before: Vec<u64>,
    pub(crate) during: Vec<u64>,
    pub(crate) entries: u64,
    /// Entries that are missing without a reset.
    pub(crate) lost: u64,
    /// Resets of its log, each with its reason, the position that it had, and what the log had.
    pub(crate) resets: Vec<String>,
    pub(crate) reconnects: u64,
    /// Codes with which the server closed its connections.
    pub(crate) closes: Vec<u16>,
    /// Entries between the newest that it has and the head when it came back, in the log.
    pub(crate) behind: u64,
    /// The first value after it came back was the newest one.
    pub(crate) newest_value: Option<bool>,
    /// The newest entry of the log that it has.
    pub(crate) cursor: u64,
}

impl Figures {
    /// The figures in short, for an error.
    pub(crate) fn summary(&self) -> String {
        let Self {
            resets,
            reconnects,
            newest_value,
            cursor,
            ..
        } = self;
        format!(
            "resets {resets:?}, {reconnects} reconnects, newest value first: {newest_value:?}, at {cursor}"
        )
    }
}

/// A stream as it is read.
#[derive(Clone, Copy, Debug)]
struct Reading {
    id: u32,
    position: Position,
    head: u64,
}

struct Reader {
    plan: Plan,
    streams: BTreeMap<u64, Reading>,
    /// Positions of subscriptions over connections.
    positions: BTreeMap<u32, Position>,
    figures: Figures,
    is_back: bool,
}

/// Reads until the end of the plan.
pub(crate) async fn read(address: SocketAddr, plan: Plan) -> Result<Figures, Error> {
    let mut reader = Reader {
        plan,
        streams: BTreeMap::new(),
        positions: BTreeMap::new(),
        figures: Figures::default(),
        is_back: false,
    };
    let end = sleep_until(plan.ends_at);
    tokio::pin!(end);
    loop {
        tokio::select! {
            result = reader.connection(address) => result?,
            () = &mut end => break,
        }
        reader.figures.reconnects += 1;
    }
    let log = reader.streams.values().find(|stream| stream.id == LOG);
    reader.figures.cursor = log.map_or(0, |log| log.position.cursor);
    Ok(reader.figures)
}

impl Reader {
    /// Reads over one connection until that ends.
    async fn connection(&mut self, address: SocketAddr) -> Result<(), Error> {
        let mut connection = Connection::open(address).await?;
        self.streams.clear();
        let subscriptions = [(LOG, Channel::Log), (VALUE, Channel::Value)].into_iter();
        let wanted = if self.plan.pause.is_some() { 2 } else { 1 };
        let subscriptions = subscriptions.take(wanted).map(|(id, channel)| Subscribe {
            id,
            channel: channel.name().into(),
            scope: ScopeRequest::Channel,
            // The value itself is not kept.
            position: self.positions.get(&id).copied().filter(|_| id == LOG),
            start: StartAt::Newest,
        });
        let number = u128::from(self.plan.number) + 1;
        let auth = Auth {
            secret: Some(number.to_be_bytes()),
            subscriptions: subscriptions.collect(),
            ..Auth::new(Uuid::from_u128(number))
        };
        connection.send(&ClientOp::Auth(auth)).await?;
        let mut buffer = vec![0; READ_BYTES];
        while let Some(wants_pong) = connection
            .receive(&mut buffer, |item| self.take(item))
            .await?
        {
            if wants_pong && connection.send(&ClientOp::Pong).await.is_err() {
                break;
            }
            self.pause().await;
        }
        Ok(())
    }

    /// Reads nothing during its pause.
    async fn pause(&mut self) {
        if let Some((stops_at, goes_on_at)) = self.plan.pause
            && Instant::now() >= stops_at
            && !self.is_back
        {
            sleep_until(goes_on_at).await;
            self.is_back = true;
        }
    }

    fn take(&mut self, item: Item<'_>) -> Result<(), Error> {
        match item {
            Item::Op(ServerOp::Resumed {
                id,
                stream,
                position,
                caught_up,
            }) => self.begins(id, stream, position, position.cursor + caught_up),
            Item::Op(ServerOp::Reset {
                id,
                reason,
                reading: Some((stream, position)),
                floor,
                head,
            }) => {
                let had = self.positions.get(&id).map_or(0, |had| had.cursor);
                self.figures
                    .resets
                    .push(format!("{} at {had} of {floor} to {head}", reason.name()));
                self.begins(id, stream, position, head);
            }
            Item::Entry(entry) => self.entry(&entry),
            Item::Op(
                ServerOp::AuthOk(_)
                | ServerOp::Ping { .. }
                | ServerOp::Error { .. }
                | ServerOp::Goodbye { .. },
            ) => {}
            Item::Closed(code) => self.figures.closes.extend(code),
            Item::Op(other) => return Err(format!("the server sent {other:?}").into()),
        }
        Ok(())
    }

    fn begins(&mut self, id: u32, stream: u64, position: Position, head: u64) {
        if self.is_back && id == LOG {
            self.figures.behind = self.figures.behind.max(head - position.cursor);
        }
        let reading = Reading { id, position, head };
        self.streams.insert(stream, reading);
    }

    fn entry(&mut self, entry: &Entry<'_>) {
        let Some(stream) = self.streams.get_mut(&entry.stream) else {
            self.figures.lost += 1;
            return;
        };
        let cursor = cursor_from_low_bits(entry.sequence, stream.position.cursor);
        let missing = cursor.abs_diff(stream.position.cursor + 1);
        stream.position.cursor = cursor;
        stream.position.tag = entry.header.tag;
        self.positions.insert(stream.id, stream.position);
        if stream.id == VALUE {
            if self.is_back && self.figures.reconnects > 0 {
                let is_newest = cursor >= stream.head;
                self.figures.newest_value.get_or_insert(is_newest);
            }
            return;
        }
        self.figures.lost += missing;
        self.figures.entries += 1;
        if (cursor + u64::from(self.plan.number)).is_multiple_of(MEASURED) {
            self.measure(entry.body);
        }
    }

    fn measure(&mut self, body: Body<'_>) {
        let now = Instant::now();
        let text = std::str::from_utf8(body.bytes()).unwrap_or_default();
        let published = text.trim_start_matches('"').split(':').next();
        let Some(published) = published.and_then(|text| text.parse().ok()) else {
            return;
        };
        let age = micros().saturating_sub(published);
        let (stop_at, return_at) = self.plan.others_stop;
        if (self.plan.measures_at..stop_at).contains(&now) {
            self.figures.before.push(age);
        } else if (stop_at + Duration::from_secs(1)..return_at).contains(&now) {
            self.figures.during.push(age);
        }
    }
}
