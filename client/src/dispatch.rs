//! Delivery of entries to the application's receivers and queues.

use std::collections::HashMap;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use push_wire_shared::position::{Outcome, Position};
use push_wire_shared::session::client::Entry;
use push_wire_shared::session::op::ScopeRequest;
use push_wire_shared::session::wire::Content;
use push_wire_shared::{ChannelKind, Frame};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::{ChannelReceiver, StreamRequest};

/// One subscription of the session.
pub(crate) struct Stream<C: ChannelKind> {
    pub(crate) id: u32,
    pub(crate) channel: C,
    pub(crate) scope: ScopeRequest,
    /// Queue for its entries, in place of the channel's receiver.
    queue: Option<mpsc::UnboundedSender<Waiting<C>>>,
    /// Cursors of the entries being replayed: from, to.
    replay: Option<(u64, u64)>,
}

/// Entry that waits for room in a queue.
type Waiting<C> = (Frame<C>, Position);

/// Result of delivering an entry.
pub(crate) enum Taken {
    /// The application has handled it.
    Handled,
    /// It waits for room in its queue.
    Waits,
    /// Its body cannot be read as the channel's type.
    Unreadable(String),
}

/// Event of a queue.
pub(crate) enum QueueEvent {
    /// The application has room for an entry, and took it.
    Handled { id: u32, position: Position },
    /// Nobody reads the queue of this subscription any more.
    Abandoned { id: u32 },
}

/// The subscriptions and their receivers.
pub(crate) struct Dispatch<C: ChannelKind> {
    client_id: Uuid,
    streams: Vec<Stream<C>>,
    receivers: HashMap<C, Arc<dyn ChannelReceiver<C>>>,
    /// Events of all queues.
    queue_events: mpsc::UnboundedReceiver<QueueEvent>,
    queue_event_sender: mpsc::UnboundedSender<QueueEvent>,
}

impl<C: ChannelKind> Dispatch<C> {
    pub(crate) fn new(client_id: Uuid) -> Self {
        let (queue_event_sender, queue_events) = mpsc::unbounded_channel();
        Self {
            client_id,
            streams: Vec::new(),
            receivers: HashMap::new(),
            queue_events,
            queue_event_sender,
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
        let queue = queue.map(|queue| {
            let (entries, waiting) = mpsc::unbounded_channel();
            tokio::spawn(forward(id, waiting, queue, self.queue_event_sender.clone()));
            entries
        });
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

    /// Returns whether a subscription's entries go into a queue.
    pub(crate) fn is_queued(&self, id: u32) -> bool {
        self.stream(id).is_some_and(|stream| stream.queue.is_some())
    }

    pub(crate) fn streams(&self) -> &[Stream<C>] {
        &self.streams
    }

    pub(crate) fn remove(&mut self, id: u32) -> Option<Stream<C>> {
        let at = self.streams.iter().position(|stream| stream.id == id)?;
        Some(self.streams.swap_remove(at))
    }

    /// Records an outcome, with the entries that a resume will replay.
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

    /// Passes an entry to its receiver or queue.
    pub(crate) fn entry(&mut self, entry: Entry) -> Taken {
        let Some(stream) = self.stream(entry.id) else {
            return Taken::Handled;
        };
        if let Some(queue) = &stream.queue {
            return self.enqueue(stream, queue, &entry);
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
            let body = entry.body;
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

    fn enqueue(
        &self,
        stream: &Stream<C>,
        queue: &mpsc::UnboundedSender<Waiting<C>>,
        entry: &Entry,
    ) -> Taken {
        if entry.content == Content::Bytes {
            let why = "bytes, which a queue of frames cannot hold; use on() and on_bytes";
            return Taken::Unreadable(why.into());
        }
        match self.frame(stream, entry) {
            Ok(frame) => {
                // Its end is reported as an event of the queue.
                drop(queue.send((frame, entry.position)));
                Taken::Waits
            }
            Err(error) => Taken::Unreadable(error.to_string()),
        }
    }

    /// Records a handled entry; calls `on_replay_complete` after the last one to replay.
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

    /// Waits for an event of a queue. Nothing is lost when the future is dropped.
    pub(crate) async fn queue_event(&mut self) -> QueueEvent {
        match self.queue_events.recv().await {
            Some(event) => event,
            // Never: a sender is kept beside it.
            None => pending().await,
        }
    }

    /// The next event of a queue, if there is one.
    pub(crate) fn try_queue_event(&mut self) -> Option<QueueEvent> {
        self.queue_events.try_recv().ok()
    }
}

/// Moves the entries of one subscription into its queue as there is room. The session bounds the number that wait, by
/// pausing the subscription.
async fn forward<C: ChannelKind>(
    id: u32,
    mut waiting: mpsc::UnboundedReceiver<Waiting<C>>,
    queue: mpsc::Sender<Frame<C>>,
    events: mpsc::UnboundedSender<QueueEvent>,
) {
    loop {
        let event = tokio::select! {
            entry = waiting.recv() => {
                let Some((frame, position)) = entry else {
                    return;
                };
                match queue.send(frame).await {
                    Ok(()) => QueueEvent::Handled { id, position },
                    Err(_) => QueueEvent::Abandoned { id },
                }
            }
            () = queue.closed() => QueueEvent::Abandoned { id },
        };
        let is_over = matches!(event, QueueEvent::Abandoned { .. });
        if events.send(event).is_err() || is_over {
            return;
        }
    }
}

/// Runs the application's code; a panic in it is logged, and the client continues.
fn guarded<C: ChannelKind>(channel: C, run: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(run)).is_err() {
        tracing::error!(channel = channel.name(), "a channel's receiver panicked");
    }
}
