//! The JSON dialect (docs/protocol.md section 9): the published control ops and frames, in text messages.

mod auth;
mod bit_set;
mod decode;
mod names;
mod numbering;
mod render;
mod session;
mod subscriptions;

use std::borrow::Cow;
use std::sync::Arc;

use auth::Opening;
use bytes::Bytes;
use decode::{JsonMessage, decode};
use names::{Names, no_channel, resolve};
use push_wire_broker::Entry;
use push_wire_shared::SystemOp;
use push_wire_shared::channel::{ChannelMode, ChannelTable};
use push_wire_shared::close::CloseReason;
use push_wire_shared::session::op::{Auth, ClientOp, ErrorCode, ServerOp, Subscribe};
use push_wire_shared::session::server::{ServerConfig, Uplink};
use push_wire_shared::session::wire::Content;
use render::Renderer;
use session::JsonSession;
use subscriptions::{Source, Subscriptions, subscription_id};
use uuid::Uuid;

use super::{Added, Message, Request};
use crate::carrier::Carrier;
use crate::hub::{OpenedSession, Stream};

/// Close code of refused credentials that the published clients know (RFC 6455 section 7.4.1: policy).
pub(super) const UNAUTHORIZED: u16 = 1008;

/// Decoder and encoder of one connection.
#[derive(Debug)]
pub(crate) struct JsonCodec {
    config: Arc<ServerConfig>,
    phase: Phase,
    session: JsonSession,
    subscriptions: Subscriptions,
    renderer: Renderer,
}

/// Progress of a connection.
#[derive(Debug)]
enum Phase {
    /// Only `auth` is taken.
    AwaitingAuth,
    /// The credentials are being checked.
    Opening(Box<Opening>),
    /// The client is authenticated.
    Open,
}

impl JsonCodec {
    pub(super) fn new(config: &Arc<ServerConfig>) -> Self {
        Self {
            config: Arc::clone(config),
            phase: Phase::AwaitingAuth,
            session: JsonSession::default(),
            subscriptions: Subscriptions::default(),
            renderer: Renderer::default(),
        }
    }

    fn channels(&self) -> &ChannelTable {
        &self.config.channels
    }

    fn name(&self, channel: u8) -> &str {
        let channel = self.channels().by_id(channel);
        channel.map_or("", |channel| &channel.name)
    }

    pub(super) fn decode(&mut self, message: &Message, each: &mut dyn FnMut(Request)) {
        let text = match message {
            Message::Text(text) => Ok(text.as_str()),
            Message::Binary(bytes) => std::str::from_utf8(bytes),
        };
        let Ok(text) = text else {
            let what = "a binary message that is no UTF-8";
            return each(Request::Error(ErrorCode::BadFrame, what.into()));
        };
        let system = self.channels().system();
        let decoded = decode(text, system.map_or("", |channel| &channel.name));
        let is_auth = matches!(decoded, Ok(JsonMessage::Op(SystemOp::Auth { .. })));
        if !is_auth && !matches!(self.phase, Phase::Open) {
            // Also while the credentials are being checked: published clients wait for the answer.
            if let Err(message) = decoded {
                each(bad_op(message));
            }
            return each(Request::Close(CloseReason::AuthExpected));
        }
        match decoded {
            Err(message) => each(bad_op(message)),
            Ok(JsonMessage::Op(op)) => self.handle_op(op, each),
            Ok(JsonMessage::Frame { channel, payload }) => each(self.uplink(&channel, payload)),
        }
    }

    fn uplink(&self, channel: &str, payload: &str) -> Request {
        let Some(known) = self.channels().by_name(channel) else {
            return bad_op(no_channel(channel));
        };
        if !self.subscriptions.may_send(known.id) {
            return bad_op(format!("channel {channel} not subscribed"));
        }
        Request::Uplink(Uplink {
            channel: known.id,
            sequence: None,
            content: Content::Value,
            body: Bytes::copy_from_slice(payload.as_bytes()),
        })
    }

    fn handle_op(&mut self, op: SystemOp<String>, each: &mut dyn FnMut(Request)) {
        let op = match op {
            SystemOp::Auth {
                client_id,
                token,
                capabilities,
                resume_cursor,
                resume_cursors,
            } => {
                let opening = Opening::new(
                    self.channels(),
                    &capabilities,
                    resume_cursor,
                    &resume_cursors,
                );
                if matches!(self.phase, Phase::AwaitingAuth) {
                    self.phase = Phase::Opening(Box::new(opening));
                }
                ClientOp::Auth(auth(client_id, token))
            }
            SystemOp::Ping => ClientOp::Ping,
            SystemOp::Pong => ClientOp::Pong,
            SystemOp::Ack { channel, cursor } => return self.ack(&channel, cursor, each),
            SystemOp::Subscribe { channels } => return self.subscribe(&channels, each),
            SystemOp::Unsubscribe { channels } => return self.unsubscribe(&channels, each),
            // The connection ends; the session stays for its time, since published clients come back after it.
            SystemOp::Goodbye { .. } => return each(Request::Close(CloseReason::Normal)),
            SystemOp::AuthOk { .. } | SystemOp::ResumeRequired { .. } => {
                return each(bad_op("an op that only servers send"));
            }
            // Messages without an effect.
            SystemOp::Slow { .. }
            | SystemOp::Health { .. }
            | SystemOp::Features { .. }
            | SystemOp::Error { .. }
            | _ => return,
        };
        each(Request::Op(op));
    }

    fn ack(&mut self, channel: &str, number: u64, each: &mut dyn FnMut(Request)) {
        let Some(id) = self.channels().by_name(channel).map(|known| known.id) else {
            return each(bad_op(no_channel(channel)));
        };
        let acked = self
            .session
            .with(|session| session.numbering.ack(id, number));
        match acked {
            Err(newest) => self.resume_required(id, newest),
            Ok(None) => {}
            Ok(Some(inbox)) => {
                let id = subscription_id(id, Source::Inbox);
                each(Request::Op(ClientOp::Ack(vec![(id, inbox)])));
            }
        }
    }

    fn subscribe(&mut self, names: &[String], each: &mut dyn FnMut(Request)) {
        let Names { known, unknown } = resolve(self.channels(), names);
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

    fn unsubscribe(&mut self, names: &[String], each: &mut dyn FnMut(Request)) {
        let Names { known, unknown } = resolve(self.channels(), names);
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

    /// Names of the channels that `auth` requests.
    pub(super) fn named_channels(&self) -> impl Iterator<Item = &str> {
        let opening = match &self.phase {
            Phase::Opening(opening) => Some(opening),
            Phase::AwaitingAuth | Phase::Open => None,
        };
        let named = opening.into_iter().flat_map(|opening| opening.named());
        named.map(|id| self.name(id))
    }

    pub(super) fn open(&mut self, client: Uuid, session: &OpenedSession) {
        self.session = JsonSession::new(client, &session.attachment);
    }

    pub(super) fn begin(
        &mut self,
        resumed: bool,
        may_read: impl Fn(u8) -> bool,
        each: &mut dyn FnMut(Request),
    ) -> Vec<Subscribe> {
        let Phase::Opening(opening) = std::mem::replace(&mut self.phase, Phase::Open) else {
            return Vec::new();
        };
        if opening.names_channels() {
            self.session.with(|session| session.reads_nothing = false);
        }
        let reads_nothing = self.session.with(|session| session.reads_nothing);
        let mut subscriptions = Vec::new();
        let config = Arc::clone(&self.config);
        let channels = config.channels.channels().iter();
        for channel in channels.filter(|channel| channel.mode != ChannelMode::System) {
            let wanted = opening.wants(channel.id);
            if wanted != Some(false) {
                self.subscriptions.allow_sending(channel.id);
            }
            let reads = wanted.unwrap_or_else(|| !reads_nothing && may_read(channel.id));
            if !reads && !opening.names_number(channel.id) {
                continue;
            }
            let number = opening.number(channel.id);
            let added = match reads {
                true => self.subscriptions.add(channel.id),
                false => [false; 2],
            };
            let (items, unproved) = self.items(channel.id, Some(number), added);
            subscriptions.extend(items);
            // Numbers of a session that has ended prove nothing, even if they are possible ones.
            let unproved = unproved.or((!resumed && number > 0).then_some(0));
            if let Some(from) = unproved {
                self.resume_required(channel.id, from);
            }
        }
        report_unknown(opening.unknown, each);
        subscriptions
    }

    /// The subscriptions of a channel that are `wanted`, and the number that reading goes on after where that is not the
    /// one `asked` for.
    fn items(
        &mut self,
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

    pub(super) fn op(&mut self, op: &ServerOp) {
        match op {
            ServerOp::AuthOk(_) => self.auth_ok(),
            ServerOp::Resumed { id, position, .. } => {
                if let Some((channel, source)) = subscriptions::stream_of(*id) {
                    let position = *position;
                    self.session
                        .with(|session| session.numbering.begin(channel, source, position));
                }
            }
            ServerOp::Reset {
                id,
                reason,
                reading,
                ..
            } => {
                let Some((channel, source)) = subscriptions::stream_of(*id) else {
                    return;
                };
                let Some((_, position)) = *reading else {
                    self.subscriptions.forget(*id);
                    let message = format!("{}: {}", self.name(channel), reason.name());
                    return self.error(&message);
                };
                let number = self
                    .session
                    .with(|session| session.numbering.skip_to(channel, source, position));
                self.resume_required(channel, number);
            }
            ServerOp::Error { message, id, .. } => {
                let Some((channel, _)) = id.and_then(subscriptions::stream_of) else {
                    return self.error(message);
                };
                id.inspect(|id| self.subscriptions.forget(*id));
                let message = format!("{}: {message}", self.name(channel));
                self.error(&message);
            }
            ServerOp::Rejected(rejected) => self.error(&rejected.message),
            // Published clients answer pings of the WebSocket, not those of the dialect.
            ServerOp::Ping { .. } => self.renderer.ping(),
            ServerOp::Pong => self.renderer.op(&SystemOp::Pong),
            ServerOp::Goodbye { message, .. } => self.renderer.op(&SystemOp::Goodbye {
                reason: Some(message.clone()),
            }),
            // Messages carry no numbers in this dialect, so there is nothing to acknowledge.
            ServerOp::Received { .. } => {}
            // Nothing is compressed in this dialect.
            ServerOp::Dictionary(_) => {}
        }
    }

    fn auth_ok(&mut self) {
        let acked: Vec<(u8, u64)> = self
            .session
            .with(|session| session.numbering.acked().collect());
        let newest = acked.iter().map(|(_, number)| *number).max().unwrap_or(0);
        let acked = acked.into_iter();
        let op = SystemOp::AuthOk {
            resume_cursor: newest,
            resume_cursors: acked.map(|(id, number)| (self.name(id), number)).collect(),
        };
        let text = render::text_of(&op);
        self.renderer.text(text);
    }

    /// States that entries before the next one may be missing.
    fn resume_required(&mut self, channel: u8, from_cursor: u64) {
        let text = render::text_of(&SystemOp::ResumeRequired {
            channel: self.name(channel),
            from_cursor,
        });
        self.renderer.text(text);
    }

    fn error(&mut self, message: &str) {
        let message = message.to_owned();
        self.renderer.op(&SystemOp::Error { message });
    }

    pub(super) fn text(&mut self, text: &str) {
        self.renderer.text(text.as_bytes().to_vec());
    }

    pub(super) fn entry(&mut self, stream: &Stream, entry: &Entry) -> Added {
        let channel = stream.channel();
        let source = match stream.is_inbox() {
            true => Source::Inbox,
            false => Source::Channel,
        };
        let body = render::body(entry);
        if let Some(too_large) = render::too_large(&body) {
            return too_large;
        }
        let number = self.session.with(|session| {
            session
                .numbering
                .assign(channel, source, entry.cursor, entry.tag)
        });
        let client = stream.is_inbox().then_some(self.session.client());
        let name = self.config.channels.by_id(channel);
        let name = name.map_or("", |channel| &channel.name);
        Added::Bytes(self.renderer.entry(name, number, body, client))
    }

    pub(super) const fn pending_bytes(&self) -> usize {
        self.renderer.pending_bytes()
    }

    pub(super) const fn pending_ops(&self) -> usize {
        self.renderer.pending_ops()
    }

    pub(super) fn finish(&mut self, out: &mut dyn Carrier) -> usize {
        self.renderer.finish(out)
    }
}

fn bad_op(message: impl Into<Cow<'static, str>>) -> Request {
    Request::Error(ErrorCode::BadOp, message.into())
}

fn report_unknown(unknown: Option<String>, each: &mut dyn FnMut(Request)) {
    if let Some(message) = unknown {
        each(Request::Error(ErrorCode::UnknownChannel, message.into()));
    }
}

fn auth(client_id: Uuid, token: Option<String>) -> Auth {
    Auth {
        token,
        ..Auth::new(client_id)
    }
}
