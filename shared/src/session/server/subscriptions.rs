//! Which streams a connection reads, and the outcome of each request (docs/protocol.md section 5.2).

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{Opened, Output, ServerSession};
use crate::channel::ChannelMode;
use crate::limits::MAX_TOPIC_BYTES;
use crate::position::{
    Bounds, Cursor, Outcome, Position, ResetReason, Scope, StartAt, StreamKey, resume, resume_state,
};
use crate::session::op::{ErrorCode, ScopeRequest, ServerOp, Subscribe};

/// The subscriptions of one connection.
#[derive(Default, Debug)]
pub(super) struct Subscriptions {
    items: Vec<Item>,
}

#[derive(Debug)]
struct Item {
    id: u32,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The driver is looking at the stream.
    Opening {
        position: Option<Position>,
        start: StartAt,
        is_state: bool,
    },
    /// Its entries are delivered.
    Reading { stream: u64 },
}

impl Subscriptions {
    fn index(&self, id: u32) -> Option<usize> {
        self.items.iter().position(|item| item.id == id)
    }

    fn remove(&mut self, id: u32) -> bool {
        match self.index(id) {
            Some(index) => {
                self.items.swap_remove(index);
                true
            }
            None => false,
        }
    }
}

impl ServerSession {
    pub(super) fn subscribe(&mut self, request: Subscribe) {
        let Subscribe {
            id,
            channel,
            scope,
            position,
            start,
        } = request;
        if self.subscriptions.index(id).is_some() {
            let message = "a subscription with this id exists already";
            return self.error(ErrorCode::BadSubscription, message, None);
        }
        if self.subscriptions.items.len() >= self.config.max_subscriptions {
            let message = "no more subscriptions on this connection";
            return self.error(ErrorCode::TooManySubscriptions, message, Some(id));
        }
        let known = self.config.channels.by_name(&channel);
        let Some(known) = known.filter(|channel| channel.mode != ChannelMode::System) else {
            let message = String::from("no channel named ") + &channel;
            return self.error(ErrorCode::UnknownChannel, &message, Some(id));
        };
        let is_state = known.mode == ChannelMode::State;
        let channel = known.id;
        let Some(scope) = self.scope(scope) else {
            let message = "a topic is 1 to 255 bytes of text";
            return self.error(ErrorCode::BadTopic, message, Some(id));
        };
        let state = State::Opening {
            position,
            start,
            is_state,
        };
        self.subscriptions.items.push(Item { id, state });
        self.put(Output::Open {
            id,
            key: StreamKey { channel, scope },
            position,
            start,
        });
    }

    fn scope(&self, request: ScopeRequest) -> Option<Scope> {
        match request {
            ScopeRequest::Channel => Some(Scope::Channel),
            ScopeRequest::Inbox => Some(Scope::Inbox(self.client_id)),
            ScopeRequest::Topic(topic) if (1..=MAX_TOPIC_BYTES).contains(&topic.len()) => {
                Some(Scope::Topic(Arc::from(topic)))
            }
            ScopeRequest::Topic(_) => None,
        }
    }

    /// What the driver found when it looked at a stream: states the outcome, and reads on.
    pub fn handle_opened(&mut self, id: u32, opened: Opened) {
        let Some(index) = self.subscriptions.index(id) else {
            return;
        };
        let State::Opening {
            position,
            start,
            is_state,
        } = self.subscriptions.items[index].state
        else {
            return;
        };
        let (stream, bounds, found) = match opened {
            Opened::Readable {
                stream,
                bounds,
                found,
            } => (stream, bounds, found),
            Opened::NotPermitted => return self.end(id, ResetReason::NotPermitted),
            Opened::Unavailable => return self.end(id, ResetReason::StoreUnavailable),
        };
        self.subscriptions.items[index].state = State::Reading { stream };
        let (outcome, after) = if is_state {
            resume_state(position, bounds, found)
        } else {
            resume(position, start, bounds, found)
        };
        self.state_outcome(id, stream, outcome, bounds, after);
        let has_base = is_state && position.is_some() && matches!(outcome, Outcome::Resumed { .. });
        self.put(Output::Read {
            id,
            after: after.cursor,
            has_base,
        });
    }

    /// Retention has passed a reader: states it; the driver reads on after the floor.
    pub fn handle_overrun(&mut self, id: u32, bounds: Bounds) {
        let Some(index) = self.subscriptions.index(id) else {
            return;
        };
        let State::Reading { stream } = self.subscriptions.items[index].state else {
            return;
        };
        let outcome = Outcome::Reset(ResetReason::Expired);
        self.state_outcome(id, stream, outcome, bounds, bounds.at_floor());
    }

    /// A reader's log cannot be read any more: states it; the subscription has ended.
    pub fn handle_unreadable(&mut self, id: u32) {
        if self.subscriptions.index(id).is_some() {
            self.end(id, ResetReason::StoreUnavailable);
            self.put(Output::Stop { id });
        }
    }

    fn state_outcome(
        &mut self,
        id: u32,
        stream: u64,
        outcome: Outcome,
        bounds: Bounds,
        position: Position,
    ) {
        self.put(Output::Op(match outcome {
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
        }));
    }

    fn end(&mut self, id: u32, reason: ResetReason) {
        self.subscriptions.remove(id);
        self.put(Output::Op(ServerOp::Reset {
            id,
            reason,
            reading: None,
            floor: 0,
            head: 0,
        }));
    }

    pub(super) fn unsubscribe(&mut self, id: u32) {
        if self.subscriptions.remove(id) {
            self.put(Output::Stop { id });
        } else {
            self.unknown(id);
        }
    }

    pub(super) fn acked(&mut self, id: u32, cursor: Cursor) {
        // An ack may cross the end of its subscription on the wire: nobody waits for it any more.
        if self.subscriptions.index(id).is_some() {
            self.put(Output::Acked { id, cursor });
        }
    }

    pub(super) fn whole(&mut self, id: u32) {
        if self.subscriptions.index(id).is_some() {
            self.put(Output::Whole { id });
        } else {
            self.unknown(id);
        }
    }

    fn unknown(&mut self, id: u32) {
        self.error(
            ErrorCode::BadSubscription,
            "no subscription with this id",
            Some(id),
        );
    }
}
