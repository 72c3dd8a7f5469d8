//! The JSON dialect's side of a connection (docs/protocol.md section 9): its ops become those of the session.

mod decode;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use decode::{JsonAuth, JsonMessage, JsonOp, decode};
use push_wire_shared::channel::{ChannelMode, ChannelTable};
use push_wire_shared::position::StartAt;
use push_wire_shared::session::op::{Auth, ClientOp, ErrorCode, ScopeRequest, Subscribe};
use push_wire_shared::session::server::{Incoming, Uplink};
use push_wire_shared::session::wire::Content;

use crate::hub::{Numbering, Source, lock};
use crate::outbox::subscription_id;

/// What one connection of the JSON dialect asked for, and which numbers it uses.
#[derive(Default, Debug)]
pub(super) struct JsonPeer {
    capabilities: Vec<String>,
    resume_cursor: Option<u64>,
    resume_cursors: BTreeMap<String, u64>,
    numbering: Arc<Mutex<Numbering>>,
}

/// A channel whose resume cannot be proved, and the number that reading goes on after.
pub(super) type Unproved = (u8, u64);

impl JsonPeer {
    /// Names of the channels asked for; none means all.
    pub(super) fn capabilities(&self) -> &[String] {
        &self.capabilities
    }

    pub(super) fn set_session(&mut self, numbering: Arc<Mutex<Numbering>>) {
        self.numbering = numbering;
    }

    /// Reads a message; what it asks of the session is handed to `each` in order.
    pub(super) fn decode(
        &mut self,
        channels: &ChannelTable,
        text: &str,
        mut each: impl FnMut(Incoming),
    ) -> Option<JsonError> {
        let system = channels.system().map_or("", |channel| &channel.name);
        match decode(text, system) {
            Err(message) => Some(JsonError::Unreadable(message)),
            Ok(JsonMessage::Op(op)) => self.op(channels, op, each),
            Ok(JsonMessage::Frame { channel, payload }) => {
                let Some(known) = channels.by_name(&channel) else {
                    return Some(JsonError::Unreadable(format!(
                        "no channel named {channel:?}"
                    )));
                };
                if !self.reads(channels, known.id) {
                    return Some(JsonError::Unreadable(format!(
                        "channel {channel} not subscribed"
                    )));
                }
                each(Incoming::Uplink(Uplink {
                    channel: known.id,
                    sequence: None,
                    content: Content::Value,
                    body: Bytes::copy_from_slice(payload.as_bytes()),
                }));
                None
            }
        }
    }

    fn op(
        &mut self,
        channels: &ChannelTable,
        op: JsonOp,
        mut each: impl FnMut(Incoming),
    ) -> Option<JsonError> {
        match op {
            JsonOp::Auth(auth) => each(Incoming::Op(ClientOp::Auth(self.auth(auth)))),
            JsonOp::Ping => each(Incoming::Op(ClientOp::Ping)),
            JsonOp::Pong => each(Incoming::Op(ClientOp::Pong)),
            JsonOp::Goodbye {} => each(Incoming::Op(ClientOp::Goodbye)),
            JsonOp::Remark {} => {}
            JsonOp::Ack { channel, cursor } => {
                let Some(known) = channels.by_name(&channel) else {
                    return Some(JsonError::Unreadable(format!(
                        "no channel named {channel:?}"
                    )));
                };
                let acked = lock(&self.numbering).ack(known.id, cursor);
                match acked {
                    Err(newest) => return Some(JsonError::AckOfFuture(known.id, newest)),
                    Ok(None) => {}
                    Ok(Some(inbox)) => {
                        let id = subscription_id(known.id, Source::Inbox);
                        each(Incoming::Op(ClientOp::Ack(vec![(id, inbox)])));
                    }
                }
            }
            JsonOp::Subscribe { channels: names } => {
                for name in names {
                    let Some(known) = channels.by_name(&name) else {
                        each(Incoming::Op(ClientOp::Subscribe(vec![unknown(name)])));
                        continue;
                    };
                    if !self.capabilities.is_empty() && !self.capabilities.contains(&name) {
                        self.capabilities.push(name);
                        let (items, _) = self.subscriptions_of(known.id, &known.name, None);
                        each(Incoming::Op(ClientOp::Subscribe(items)));
                    }
                }
            }
            JsonOp::Unsubscribe { channels: names } => {
                if self.capabilities.is_empty() {
                    let all = channels
                        .channels()
                        .iter()
                        .filter(|c| c.mode != ChannelMode::System);
                    self.capabilities = all.map(|channel| channel.name.clone()).collect();
                }
                let known = names.iter().filter(|name| self.capabilities.contains(name));
                let known: Vec<u8> = known
                    .filter_map(|name| Some(channels.by_name(name)?.id))
                    .collect();
                self.capabilities
                    .retain(|capability| !names.contains(capability));
                let ids = known.into_iter().flat_map(|channel| {
                    [Source::Channel, Source::Inbox].map(|source| subscription_id(channel, source))
                });
                each(Incoming::Op(ClientOp::Unsubscribe(ids.collect())));
            }
        }
        None
    }

    fn auth(&mut self, auth: JsonAuth) -> Auth {
        self.capabilities = auth.capabilities;
        self.resume_cursor = auth.resume_cursor;
        self.resume_cursors = auth.resume_cursors;
        Auth {
            token: auth.token,
            ..Auth::new(auth.client_id)
        }
    }

    fn reads(&self, channels: &ChannelTable, id: u8) -> bool {
        let name = channels.by_id(id).map(|channel| &channel.name);
        self.capabilities.is_empty() || name.is_some_and(|name| self.capabilities.contains(name))
    }

    /// What a connection reads once its session stands, and which resumes are not proved. `may_read` leaves
    /// channels out that were not named and are not permitted.
    pub(super) fn subscriptions(
        &self,
        channels: &ChannelTable,
        session_resumed: bool,
        may_read: impl Fn(u8) -> bool,
    ) -> (Vec<Subscribe>, Vec<Unproved>) {
        let mut items = Vec::new();
        let mut unproved = Vec::new();
        let named = !self.capabilities.is_empty();
        for channel in channels.channels() {
            let wanted = self.reads(channels, channel.id) && (named || may_read(channel.id));
            if channel.mode == ChannelMode::System || !wanted {
                continue;
            }
            let asked = self.asked(&channel.name);
            let (mut both, gap) = self.subscriptions_of(channel.id, &channel.name, Some(asked));
            items.append(&mut both);
            // Numbers of a session that is gone prove nothing, even where they look possible.
            let gap = gap.or((!session_resumed && asked > 0).then_some(0));
            unproved.extend(gap.map(|number| (channel.id, number)));
        }
        for name in self
            .capabilities
            .iter()
            .filter(|name| channels.by_name(name).is_none())
        {
            items.push(unknown(name.clone()));
        }
        (items, unproved)
    }

    /// The number that the client has of a channel. The global cursor counts only where no channel's own is
    /// given: it is the highest of all channels, so it proves nothing about one that is not named.
    fn asked(&self, name: &str) -> u64 {
        if self.resume_cursors.is_empty() {
            return self.resume_cursor.unwrap_or(0);
        }
        self.resume_cursors.get(name).copied().unwrap_or(0)
    }

    fn subscriptions_of(
        &self,
        id: u8,
        name: &str,
        asked: Option<u64>,
    ) -> (Vec<Subscribe>, Option<u64>) {
        let rewind = lock(&self.numbering).rewind(id, asked);
        let items = [Source::Channel, Source::Inbox].map(|source| Subscribe {
            position: rewind.positions[source as usize],
            ..plain(name.to_owned(), id, source)
        });
        (items.into(), asked.and(rewind.unproved))
    }
}

/// What is wrong with a message.
pub(super) enum JsonError {
    /// It cannot be read.
    Unreadable(String),
    /// It acknowledges a number that was never given; the newest one that was.
    AckOfFuture(u8, u64),
}

impl JsonError {
    pub(super) const CODE: ErrorCode = ErrorCode::BadOp;
}

fn plain(channel: String, id: u8, source: Source) -> Subscribe {
    Subscribe {
        id: subscription_id(id, source),
        channel,
        scope: match source {
            Source::Channel => ScopeRequest::Channel,
            Source::Inbox => ScopeRequest::Inbox,
        },
        position: None,
        start: StartAt::Oldest,
    }
}

/// A request that the session will answer with "no such channel".
fn unknown(channel: String) -> Subscribe {
    Subscribe {
        id: u32::MAX,
        ..plain(channel, 0, Source::Channel)
    }
}
