//! The channels of one connection: which it reads, and how its client numbers their entries.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use push_wire_broker::Entry;
use push_wire_shared::channel::{ChannelMode, ChannelTable};
use push_wire_shared::position::{Position, Scope};
use push_wire_shared::session::op::{ClientOp, ErrorCode, Skipped, Subscribe};
use push_wire_shared::session::server::{ServerConfig, Uplink};
use push_wire_shared::session::wire::Content;

use super::auth::ResumeRequest;
use super::names::{Names, no_channel, resolve};
use super::session::JsonSession;
use super::subscriptions::{self, Source, Subscriptions, subscription_id};
use crate::dialect::Request;

/// The server's channels, those that the connection reads, and the numbers of its session.
#[derive(Debug)]
pub(super) struct Channels {
    config: Arc<ServerConfig>,
    pub(super) session: JsonSession,
    subscriptions: Subscriptions,
}

/// Number after which reading of a channel continues, if it is not the requested one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Unproved {
    pub(super) channel: u8,
    pub(super) number: u64,
}

impl Channels {
    pub(super) fn new(config: &Arc<ServerConfig>) -> Self {
        Self {
            config: Arc::clone(config),
            session: JsonSession::default(),
            subscriptions: Subscriptions::default(),
        }
    }

    pub(super) fn table(&self) -> &ChannelTable {
        &self.config.channels
    }

    pub(super) fn name(&self, channel: u8) -> &str {
        self.table().name(channel)
    }

    /// Name of the system channel.
    pub(super) fn system(&self) -> &str {
        self.table().system().map_or("", |channel| &channel.name)
    }

    /// A client's message on a channel, or for a topic of it.
    pub(super) fn uplink(&self, channel: &str, topic: Option<String>, payload: &str) -> Request {
        let Some(known) = self.table().by_name(channel) else {
            return bad_op(no_channel(channel));
        };
        Request::Uplink(Uplink {
            channel: known.id,
            topic: topic.map(Bytes::from),
            sequence: None,
            content: Content::Value,
            body: Bytes::copy_from_slice(payload.as_bytes()),
        })
    }

    /// Acknowledges entries up to a number.
    ///
    /// # Errors
    /// Fails if that number was never sent; gives the newest that was.
    pub(super) fn ack(
        &self,
        channel: &str,
        number: u64,
        each: &mut dyn FnMut(Request),
    ) -> Result<(), Unproved> {
        let Some(channel) = self.table().by_name(channel).map(|known| known.id) else {
            each(bad_op(no_channel(channel)));
            return Ok(());
        };
        let acked = self
            .session
            .with(|session| session.numbering.ack(channel, number));
        let inbox = acked.map_err(|number| Unproved { channel, number })?;
        if let Some(inbox) = inbox {
            let id = subscription_id(channel, Source::Inbox);
            each(Request::Op(ClientOp::Ack(vec![(id, inbox)])));
        }
        Ok(())
    }

    /// Reads these channels too.
    pub(super) fn subscribe(&mut self, names: &[String], each: &mut dyn FnMut(Request)) {
        each(Request::Names(names.len()));
        if names.is_empty() {
            return each(bad_op("subscribe needs a list of channels"));
        }
        let Names { known, unknown } = resolve(self.table(), names);
        let mut items = Vec::new();
        for id in known {
            let added = self.subscriptions.add(id);
            if added != [false; 2] {
                items.extend(self.items(id, None, added).0);
            }
        }
        if !items.is_empty() {
            self.session.with(|session| session.reads_nothing = false);
            each(Request::Op(ClientOp::Subscribe(items)));
        }
        report_unknown(unknown, each);
    }

    /// Reads these channels no more.
    pub(super) fn unsubscribe(&mut self, names: &[String], each: &mut dyn FnMut(Request)) {
        each(Request::Names(names.len()));
        if names.is_empty() {
            return each(bad_op("unsubscribe needs a list of channels"));
        }
        let Names { known, unknown } = resolve(self.table(), names);
        let ended = known.into_iter();
        let ended: Vec<u32> = ended.flat_map(|id| self.subscriptions.remove(id)).collect();
        if !ended.is_empty() {
            let reads_nothing = self.subscriptions.is_empty();
            self.session
                .with(|session| session.reads_nothing = reads_nothing);
            each(Request::Op(ClientOp::Unsubscribe(ended)));
        }
        report_unknown(unknown, each);
    }

    /// Sets the numbers after which reading continues for a client that has seen the event `id` last. Returns the id;
    /// `None` if it is not known, so that nothing is proved.
    pub(super) fn resume_after(&self, id: &str, request: &mut ResumeRequest) -> Option<u64> {
        // Only in the form that the server wrote it in.
        let parsed = id.parse::<u64>().ok();
        let parsed = parsed.filter(|parsed| parsed.to_string() == id);
        let known = parsed.and_then(|id| {
            let numbers = self.session.with(|session| session.events.numbers_at(id));
            Some((id, numbers?))
        });
        let (id, numbers) = known.unzip();
        request.set_numbers(numbers);
        id
    }

    /// Sets the numbers after which reading continues for a client that gave its highest number of all channels. What it
    /// has of each channel follows from the order of the events. For a channel read alone, that number is enough.
    pub(super) fn resume_after_highest(&self, request: &mut ResumeRequest) {
        let Some(highest) = request.highest().filter(|_| request.named().count() != 1) else {
            return;
        };
        let numbers = self
            .session
            .with(|session| session.events.numbers_at_highest(highest));
        request.set_numbers(numbers);
    }

    /// Begins the events of a connection, after [`begin`](Self::begin).
    pub(super) fn begin_events(&self, resumed: Option<u64>) {
        self.session.held(|session| {
            let numbers = session.numbering.current().collect();
            session.events.begin(resumed, numbers);
        });
    }

    /// Begins to read the channels that `auth` requests, or all of which `may_read` allows anything. Returns the
    /// subscriptions, and the channels of which entries may be missing. `resumed`: an earlier session continues.
    pub(super) fn begin(
        &mut self,
        request: &ResumeRequest,
        resumed: bool,
        may_read: impl Fn(u8, &Scope) -> bool,
    ) -> (Vec<Subscribe>, Vec<Unproved>) {
        let inbox = Scope::Inbox(self.session.client());
        let (mut subscriptions, mut unproved) = (Vec::new(), Vec::new());
        let reads_nothing = self.session.held(|session| {
            session.reads_nothing &= !request.names_channels();
            session.reads_nothing
        });
        let Some(reads_nothing) = reads_nothing else {
            return (subscriptions, unproved);
        };
        let config = Arc::clone(&self.config);
        let channels = config.channels.channels().iter();
        for channel in channels.filter(|channel| channel.mode != ChannelMode::System) {
            let id = channel.id;
            self.subscriptions
                .set_readable(id, may_read(id, &Scope::Channel));
            let wanted = request.wants(id);
            let reads = wanted.unwrap_or_else(|| !reads_nothing && may_read(id, &inbox));
            if !reads && !request.names_number(id) {
                continue;
            }
            let number = request.number(id);
            let added = match reads {
                true => self.subscriptions.add(id),
                false => [false; 2],
            };
            let (items, from) = self.items(id, Some(number), added);
            subscriptions.extend(items);
            // Numbers of a session that has ended prove nothing, even if they are possible ones.
            let from = from.or((!resumed && number > 0).then_some(0));
            unproved.extend(from.map(|number| Unproved {
                channel: id,
                number,
            }));
        }
        (subscriptions, unproved)
    }

    /// The subscriptions of a channel that are `wanted`, and the number after which reading continues if it is not the
    /// one `asked` for.
    fn items(
        &self,
        channel: u8,
        asked: Option<u64>,
        wanted: [bool; 2],
    ) -> (Vec<Subscribe>, Option<u64>) {
        let rewind = self
            .session
            .with(|session| session.numbering.rewind(channel, asked));
        let name = self.name(channel);
        let sources = [Source::Channel, Source::Inbox].into_iter();
        let items = sources
            .filter(|source| wanted[*source as usize])
            .map(|source| Subscribe {
                position: rewind.positions[source as usize],
                ..subscriptions::request(name.to_owned(), channel, source)
            });
        (items.collect(), asked.and(rewind.unproved))
    }

    /// Acknowledged number of each channel.
    pub(super) fn acked(&self) -> Vec<(&str, u64)> {
        let acked: Vec<(u8, u64)> = self
            .session
            .with(|session| session.numbering.acked().collect());
        let acked = acked.into_iter();
        acked.map(|(id, number)| (self.name(id), number)).collect()
    }

    /// Records that a subscription is read from the requested position.
    pub(super) fn resumed(&self, id: u32, position: Position) {
        if let Some((channel, source)) = subscriptions::stream_of(id) {
            self.session
                .held(|session| session.numbering.begin(channel, source, position));
        }
    }

    /// Records that a subscription is read after this position although entries before it were not delivered.
    pub(super) fn reset(&self, id: u32, position: Position) -> Option<Unproved> {
        let (channel, source) = subscriptions::stream_of(id)?;
        let number = self
            .session
            .held(|session| session.numbering.skip_to(channel, source, position))?;
        Some(Unproved { channel, number })
    }

    /// Records that a subscription continues at a later entry.
    pub(super) fn skipped(&self, skipped: &Skipped) -> Option<Unproved> {
        let (channel, source) = subscriptions::stream_of(skipped.id)?;
        let number = self.session.held(|session| {
            let numbering = &mut session.numbering;
            numbering.skip(channel, source, skipped.cursor, skipped.tag())
        })??;
        Some(Unproved { channel, number })
    }

    /// Takes the rights of a new grant: they count for what the client subscribes to from now on.
    pub(super) fn set_readable(&mut self, may_read: impl Fn(u8, &Scope) -> bool) {
        for channel in self.config.channels.channels() {
            let is_readable = may_read(channel.id, &Scope::Channel);
            self.subscriptions.set_readable(channel.id, is_readable);
        }
    }

    /// A subscription has ended. Returns the name of its channel.
    pub(super) fn ended(&mut self, id: u32) -> Option<&str> {
        let (channel, _) = subscriptions::stream_of(id)?;
        self.subscriptions.forget(id);
        Some(self.name(channel))
    }

    /// Gives an entry its number, and its event an id; `None` if a newer connection has the session.
    pub(super) fn number(
        &self,
        channel: u8,
        is_inbox: bool,
        entry: &Entry,
        is_event: bool,
    ) -> Option<(u64, Option<u64>)> {
        let source = match is_inbox {
            true => Source::Inbox,
            false => Source::Channel,
        };
        self.session.held(|session| {
            let (cursor, tag) = (entry.cursor, entry.tag);
            let number = session.numbering.assign(channel, source, cursor, tag);
            if !is_event {
                session.events.note_other(number);
                return (number, None);
            }
            (number, Some(session.events.add(channel, number)))
        })
    }
}

/// Answer to an op or frame that cannot be read or carried out.
pub(super) fn bad_op(message: impl Into<Cow<'static, str>>) -> Request {
    Request::Error(ErrorCode::BadOp, message.into())
}

/// Reports the names of a message that are no channel's.
pub(super) fn report_unknown(unknown: Option<String>, each: &mut dyn FnMut(Request)) {
    if let Some(message) = unknown {
        each(Request::Error(ErrorCode::UnknownChannel, message.into()));
    }
}
