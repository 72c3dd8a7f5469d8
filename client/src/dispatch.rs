//! From the session's events to the application's receivers.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use push_wire_shared::position::{Outcome, Position};
use push_wire_shared::session::client::Entry;
use push_wire_shared::session::op::ScopeRequest;
use push_wire_shared::session::wire::Content;
use push_wire_shared::{ChannelKind, Frame};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use uuid::Uuid;

use crate::{ChannelReceiver, StreamRequest};

/// One subscription of the session.
pub(crate) struct Stream<C: ChannelKind> {
    pub(crate) id: u32,
    pub(crate) channel: C,
    pub(crate) scope: ScopeRequest,
    /// Takes its entries instead of the channel's receiver.
    queue: Option<mpsc::Sender<Frame<C>>>,
    /// What is being caught up: from, to.
    replay: Option<(u64, u64)>,
}

/// An entry on its way into a queue.
struct Waiting<C: ChannelKind> {
    queue: mpsc::Sender<Frame<C>>,
    frame: Frame<C>,
    id: u32,
    position: Position,
}

/// What became of an entry.
pub(crate) enum Taken {
    /// The application has it.
    Handled,
    /// It waits for room in its queue.
    Waits,
    /// Its body is not what its channel says.
    Unreadable(String),
}

/// What became of the entry that has waited longest.
pub(crate) enum HandedOver {
    Nothing,
    Handled {
        id: u32,
        position: Position,
    },
    /// Nobody reads the queue of this subscription any more.
    Abandoned {
        id: u32,
    },
}

/// The subscriptions and their receivers.
pub(crate) struct Dispatch<C: ChannelKind> {
    client_id: Uuid,
    streams: Vec<Stream<C>>,
    receivers: HashMap<C, Arc<dyn ChannelReceiver<C>>>,
    /// Entries in the order of their arrival; while there are any the socket is not read.
    waiting: VecDeque<Waiting<C>>,
}

impl<C: ChannelKind> Dispatch<C> {
    pub(crate) fn new(client_id: Uuid) -> Self {
        Self {
            client_id,
            streams: Vec::new(),
            receivers: HashMap::new(),
            waiting: VecDeque::new(),
        }
    }

    pub(crate) fn receive(&mut self, channel: C, receiver: Arc<dyn ChannelReceiver<C>>) {
        self.receivers.insert(channel, receiver);
    }

    pub(crate) fn add(
        &mut self,
        id: u32,
        request: StreamRequest<C>,
        queue: Option<mpsc::Sender<Frame<C>>>,
    ) {
        self.streams.push(Stream {
            id,
            channel: request.channel,
            scope: request.scope,
            queue,
            replay: None,
        });
    }

    pub(crate) fn stream(&self, id: u32) -> Option<&Stream<C>> {
        self.streams.iter().find(|stream| stream.id == id)
    }

    pub(crate) fn streams(&self) -> &[Stream<C>] {
        &self.streams
    }

    pub(crate) fn remove(&mut self, id: u32) -> Option<Stream<C>> {
        let at = self.streams.iter().position(|stream| stream.id == id)?;
        self.waiting.retain(|waiting| waiting.id != id);
        Some(self.streams.swap_remove(at))
    }

    /// Remembers what a resume is about to catch up.
    pub(crate) fn outcome(&mut self, id: u32, outcome: Outcome, position: Option<Position>) {
        let Some(stream) = self.streams.iter_mut().find(|stream| stream.id == id) else {
            return;
        };
        stream.replay = match (outcome, position) {
            (Outcome::Resumed { caught_up }, Some(position)) if caught_up > 0 => {
                Some((position.cursor, position.cursor.saturating_add(caught_up)))
            }
            (Outcome::Resumed { .. } | Outcome::Reset(_), _) => None,
        };
    }

    /// Hands an entry to its receiver.
    pub(crate) fn entry(&mut self, entry: Entry) -> Taken {
        let Some(stream) = self.stream(entry.id) else {
            return Taken::Handled;
        };
        if let Some(queue) = stream.queue.clone() {
            return self.enqueue(queue, entry);
        }
        let channel = stream.channel;
        let Some(receiver) = self.receivers.get(&channel) else {
            tracing::warn!(
                channel = channel.name(),
                cursor = entry.position.cursor,
                "an entry has no receiver: call on() for its channel"
            );
            return Taken::Handled;
        };
        if entry.content == Content::Bytes {
            let cursor = entry.position.cursor;
            let body = Bytes::from_owner(entry.body);
            guarded(channel, || receiver.on_bytes(channel, cursor, body));
            return Taken::Handled;
        }
        match self.frame(stream, &entry) {
            Ok(frame) => {
                guarded(channel, || match &stream.scope {
                    ScopeRequest::Topic(topic) => receiver.on_topic_frame(topic, frame),
                    ScopeRequest::Channel | ScopeRequest::Inbox => receiver.on_frame(frame),
                });
                Taken::Handled
            }
            Err(error) => Taken::Unreadable(error.to_string()),
        }
    }

    fn frame(&self, stream: &Stream<C>, entry: &Entry) -> Result<Frame<C>, serde_json::Error> {
        let payload = serde_json::from_slice(&entry.body)?;
        let frame = Frame::new(stream.channel, payload).with_cursor(entry.position.cursor);
        Ok(match stream.scope {
            ScopeRequest::Inbox => frame.with_client(self.client_id),
            ScopeRequest::Channel | ScopeRequest::Topic(_) => frame,
        })
    }

    fn enqueue(&mut self, queue: mpsc::Sender<Frame<C>>, entry: Entry) -> Taken {
        let Some(stream) = self.stream(entry.id) else {
            return Taken::Handled;
        };
        if entry.content == Content::Bytes {
            let why = "bytes, which a queue of frames cannot hold; use on() and on_bytes";
            return Taken::Unreadable(why.into());
        }
        match self.frame(stream, &entry) {
            Ok(frame) => {
                self.waiting.push_back(Waiting {
                    queue,
                    frame,
                    id: entry.id,
                    position: entry.position,
                });
                Taken::Waits
            }
            Err(error) => Taken::Unreadable(error.to_string()),
        }
    }

    /// The application has an entry: says so if that was the last one to catch up.
    pub(crate) fn handled(&mut self, id: u32, position: Position) {
        let Some(stream) = self.streams.iter_mut().find(|stream| stream.id == id) else {
            return;
        };
        let Some((from, to)) = stream.replay.filter(|&(_, to)| position.cursor >= to) else {
            return;
        };
        stream.replay = None;
        let channel = stream.channel;
        if let Some(receiver) = self.receivers.get(&channel) {
            guarded(channel, || receiver.on_replay_complete(channel, from, to));
        }
    }

    pub(crate) fn first_waiting(&self) -> Option<&mpsc::Sender<Frame<C>>> {
        self.waiting.front().map(|waiting| &waiting.queue)
    }

    /// Moves the entry that has waited longest into its queue, which has room or is gone.
    pub(crate) fn hand_over(&mut self) -> HandedOver {
        let Some(waiting) = self.waiting.pop_front() else {
            return HandedOver::Nothing;
        };
        let (id, position) = (waiting.id, waiting.position);
        match waiting.queue.try_send(waiting.frame) {
            Ok(()) => HandedOver::Handled { id, position },
            Err(TrySendError::Closed(_)) => HandedOver::Abandoned { id },
            Err(TrySendError::Full(frame)) => {
                self.waiting.push_front(Waiting { frame, ..waiting });
                HandedOver::Nothing
            }
        }
    }
}

/// Runs the application's code; what it does wrong stays its own.
fn guarded<C: ChannelKind>(channel: C, run: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(run)).is_err() {
        tracing::error!(channel = channel.name(), "a channel's receiver panicked");
    }
}
