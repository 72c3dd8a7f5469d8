//! Subscriptions of one connection, and the outcome of each request (docs/protocol.md section 5.2).

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use uuid::Uuid;

use super::outputs::Outputs;
use super::{Opened, Output, ServerConfig};
use crate::channel::ChannelMode;
use crate::limits::NAMED_IDS;
use crate::position::{
    Bounds, Cursor, Outcome, Position, ResetReason, Scope, StartAt, StreamKey, is_topic, resume,
    resume_state,
};
use crate::quote::quoted;
use crate::session::op::{ErrorCode, ScopeRequest, ServerOp, Skipped, Subscribe};

/// The subscriptions of one connection.
///
/// A client may end a subscription and use its id again while the driver still opens the first stream. Each lookup
/// therefore has a number, and each has an outcome, also after its subscription has ended: the outcomes of an id come in
/// the order of its requests.
#[derive(Default, Debug)]
pub(super) struct Subscriptions {
    by_id: BTreeMap<u32, State>,
    /// Lookups that the driver has not answered, by number.
    lookups: BTreeMap<u64, Lookup>,
    last_lookup: u64,
    /// The client understands the op `skipped`.
    pub(super) takes_skipped: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// The driver is opening the stream.
    Opening { lookup: u64 },
    /// Entries of this stream are delivered.
    Reading { stream: u64 },
}

/// A request whose stream the driver is opening.
#[derive(Debug)]
struct Lookup {
    id: u32,
    position: Option<Position>,
    start: StartAt,
    is_state: bool,
    /// The client has ended the subscription meanwhile; its id may be another's now.
    is_ended: bool,
}

impl Subscriptions {
    pub(super) fn subscribe(
        &mut self,
        request: Subscribe,
        client_id: Uuid,
        config: &ServerConfig,
        outputs: &mut Outputs,
    ) {
        let id = request.id;
        if self.by_id.contains_key(&id) {
            let message = format!("a subscription with the id {id} exists already");
            return outputs.error(ErrorCode::BadSubscription, &message, None);
        }
        if self.by_id.len() >= config.max_subscriptions {
            let limit = config.max_subscriptions;
            let message = format!("a connection has at most {limit} subscriptions: end one first");
            return outputs.error(ErrorCode::TooManySubscriptions, &message, Some(id));
        }
        let known = config.channels.by_name(&request.channel);
        let Some(known) = known.filter(|channel| channel.mode != ChannelMode::System) else {
            let message = match known {
                Some(_) => String::from("the system channel has no entries"),
                None => String::from("no channel named ") + &quoted(&request.channel),
            };
            return outputs.error(ErrorCode::UnknownChannel, &message, Some(id));
        };
        let Some(scope) = scope(request.scope, client_id) else {
            let message = "a topic is 1 to 255 bytes of text";
            return outputs.error(ErrorCode::BadTopic, message, Some(id));
        };
        let (position, start) = (request.position, request.start);
        let lookup = self.lookup(Lookup {
            id,
            position,
            start,
            is_state: known.mode == ChannelMode::State,
            is_ended: false,
        });
        let channel = known.id;
        outputs.put(Output::Open {
            lookup,
            key: StreamKey { channel, scope },
            position,
        });
    }

    fn lookup(&mut self, lookup: Lookup) -> u64 {
        self.last_lookup += 1;
        let number = self.last_lookup;
        self.by_id
            .insert(lookup.id, State::Opening { lookup: number });
        self.lookups.insert(number, lookup);
        number
    }

    fn end_lookup(&mut self, number: u64) -> Option<Lookup> {
        let lookup = self.lookups.remove(&number);
        if self.lookups.is_empty() {
            // The capacity of a busy moment is not kept: most connections are idle.
            self.lookups = BTreeMap::new();
        }
        lookup
    }

    /// Sends the outcome of a lookup. Returns whether the driver is to read the stream.
    pub(super) fn opened(&mut self, number: u64, opened: Opened, outputs: &mut Outputs) -> bool {
        let Some(lookup) = self.end_lookup(number) else {
            return false;
        };
        let id = lookup.id;
        let (stream, bounds, found) = match opened {
            Opened::Readable {
                stream,
                bounds,
                found,
            } => (stream, bounds, found),
            Opened::NotPermitted => {
                return self.not_opened(&lookup, ResetReason::NotPermitted, outputs);
            }
            Opened::Unavailable => {
                return self.not_opened(&lookup, ResetReason::StoreUnavailable, outputs);
            }
        };
        let position = lookup.position;
        let (outcome, after) = if lookup.is_state {
            resume_state(position, bounds, found)
        } else {
            resume(position, lookup.start, bounds, found)
        };
        let has_base =
            lookup.is_state && position.is_some() && matches!(outcome, Outcome::Resumed { .. });
        outputs.op(outcome_op(id, stream, outcome, bounds, after));
        if lookup.is_ended {
            return false;
        }
        self.by_id.insert(id, State::Reading { stream });
        outputs.put(Output::Read {
            id,
            lookup: number,
            after: after.cursor,
            has_base,
        });
        true
    }

    /// Sends a `reset` to a reader that retention has passed; the driver continues after the floor.
    pub(super) fn overrun(&mut self, id: u32, bounds: Bounds, outputs: &mut Outputs) {
        if let Some(State::Reading { stream }) = self.by_id.get(&id) {
            let outcome = Outcome::Reset(ResetReason::Expired);
            outputs.op(outcome_op(id, *stream, outcome, bounds, bounds.at_floor()));
        }
    }

    /// States that a reader continues after this position, `count` entries after the last one that it was sent: a `reset`
    /// to a client that does not understand `skipped`.
    pub(super) fn skipped(
        &self,
        id: u32,
        count: u64,
        position: Position,
        bounds: Bounds,
        outputs: &mut Outputs,
    ) {
        let Some(State::Reading { stream }) = self.by_id.get(&id) else {
            return;
        };
        outputs.op(if self.takes_skipped {
            ServerOp::Skipped(Skipped::new(id, count, position))
        } else {
            let outcome = Outcome::Reset(ResetReason::Expired);
            outcome_op(id, *stream, outcome, bounds, position)
        });
    }

    /// Ends a subscription that cannot go on.
    pub(super) fn end(&mut self, id: u32, reason: ResetReason, outputs: &mut Outputs) {
        if self.by_id.remove(&id).is_some() {
            end(id, reason, outputs);
            outputs.put(Output::Stop { id });
        }
    }

    /// Ends a subscription whose next entry is above the client's limit.
    pub(super) fn too_large(&mut self, id: u32, bytes: usize, limit: usize, outputs: &mut Outputs) {
        if self.by_id.remove(&id).is_some() {
            let message =
                format!("an entry of {bytes} bytes is above this client's limit of {limit}");
            outputs.error(ErrorCode::TooLarge, &message, Some(id));
            outputs.put(Output::Stop { id });
        }
    }

    /// Ends a subscription whose stream could not be opened. Returns false: there is nothing to read.
    fn not_opened(&mut self, lookup: &Lookup, reason: ResetReason, outputs: &mut Outputs) -> bool {
        if !lookup.is_ended {
            self.by_id.remove(&lookup.id);
        }
        end(lookup.id, reason, outputs);
        false
    }

    /// Ends subscriptions. All unknown ids together are answered with one error.
    pub(super) fn unsubscribe(&mut self, mut ids: Vec<u32>, outputs: &mut Outputs) {
        ids.sort_unstable();
        ids.dedup();
        let mut unknown = Vec::new();
        for id in ids {
            match self.by_id.remove(&id) {
                Some(State::Reading { .. }) => outputs.put(Output::Stop { id }),
                Some(State::Opening { lookup }) => {
                    if let Some(lookup) = self.lookups.get_mut(&lookup) {
                        lookup.is_ended = true;
                    }
                }
                None => unknown.push(id),
            }
        }
        if !unknown.is_empty() {
            unknown_ids(&unknown, outputs);
        }
    }

    /// Passes acknowledged cursors to the driver. Those of subscriptions that have ended are ignored, since an ack may
    /// cross the end on the wire.
    pub(super) fn acked(&self, acks: Vec<(u32, Cursor)>, outputs: &mut Outputs) {
        let mut highest = BTreeMap::new();
        for (id, cursor) in acks {
            if self.by_id.contains_key(&id) {
                let upto = highest.entry(id).or_insert(cursor);
                *upto = cursor.max(*upto);
            }
        }
        for (id, cursor) in highest {
            outputs.put(Output::Acked { id, cursor });
        }
    }

    pub(super) fn whole(&self, id: u32, outputs: &mut Outputs) {
        if self.by_id.contains_key(&id) {
            outputs.put(Output::Whole { id });
        } else {
            unknown_ids(&[id], outputs);
        }
    }
}

fn scope(request: ScopeRequest, client_id: Uuid) -> Option<Scope> {
    match request {
        ScopeRequest::Channel => Some(Scope::Channel),
        ScopeRequest::Inbox => Some(Scope::Inbox(client_id)),
        ScopeRequest::Topic(topic) if is_topic(&topic) => Some(Scope::Topic(Arc::from(topic))),
        ScopeRequest::Topic(_) => None,
    }
}

fn outcome_op(
    id: u32,
    stream: u64,
    outcome: Outcome,
    bounds: Bounds,
    position: Position,
) -> ServerOp {
    match outcome {
        Outcome::Resumed { caught_up } => ServerOp::Resumed {
            id,
            stream,
            position,
            caught_up,
        },
        Outcome::Reset(reason) => ServerOp::Reset {
            id,
            reason,
            reading: Some((stream, position)),
            floor: bounds.floor,
            head: bounds.head,
        },
    }
}

/// Sends the outcome of a subscription that ends with it.
fn end(id: u32, reason: ResetReason, outputs: &mut Outputs) {
    outputs.op(ServerOp::Reset {
        id,
        reason,
        reading: None,
        floor: 0,
        head: 0,
    });
}

/// Sends one error that names the first few unknown ids.
fn unknown_ids(ids: &[u32], outputs: &mut Outputs) {
    let named: Vec<String> = ids
        .iter()
        .take(NAMED_IDS)
        .map(ToString::to_string)
        .collect();
    let mut message = format!("no subscription of id {}", named.join(", "));
    if ids.len() > NAMED_IDS {
        message += &format!(" and {} more", ids.len() - NAMED_IDS);
    }
    outputs.error(ErrorCode::BadSubscription, &message, None);
}
