//! Delivery of entries to the application's receivers and queues.

use std::collections::HashMap;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use push_wire_shared::position::{Outcome, Position, ResetReason};
use push_wire_shared::session::client::Entry;
use push_wire_shared::session::op::ScopeRequest;
use push_wire_shared::session::wire::Content;
use push_wire_shared::{ChannelKind, Frame};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::messages::{Queued, Receipt};
use crate::waiting::{Source, Waiting, waiting};
use crate::{ChannelReceiver, Delivery, StreamError, StreamRequest};

/// One subscription of the session.
pub(crate) struct Stream<C: ChannelKind> {
    pub(crate) id: u32,
    pub(crate) channel: C,
    pub(crate) scope: ScopeRequest,
    /// Queue for its entries, in place of the channel's receiver.
    queue: Option<Waiting<C>>,
    /// Cursors of the entries being replayed: from, to.
    replay: Option<(u64, u64)>,
}

/// Event of a queue.
pub(crate) enum QueueEvent {
    /// The application has handled everything up to this position.
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
        queue: Option<mpsc::Sender<Queued<C>>>,
    ) {
        let queue = queue.map(|queue| {
            let (waiting, source) = waiting();
            tokio::spawn(forward(id, source, queue, self.queue_event_sender.clone()));
            waiting
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

    /// Removes a stream that the server has ended, and passes the error to its receiver or queue.
    pub(crate) fn ended(&mut self, id: u32, error: &StreamError) -> Option<Stream<C>> {
        let stream = self.remove(id)?;
        let (channel, scope) = (stream.channel, &stream.scope);
        if let Some(queue) = &stream.queue {
            let StreamError { cause, message } = error.clone();
            self.enqueue(queue, id, None, Delivery::Ended { cause, message });
        } else if let Some(receiver) = self.receivers.get(&channel) {
            guarded(channel, || receiver.on_ended(channel, scope, error));
        }
        Some(stream)
    }

    /// Records an outcome, with the entries that a resume will replay; passes a reset to the stream's receiver or queue.
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
        if let (Outcome::Reset(reason), Some(position)) = (outcome, position) {
            self.reset(id, reason, position);
        }
    }

    fn reset(&self, id: u32, reason: ResetReason, position: Position) {
        let Some(stream) = self.stream(id) else {
            return;
        };
        let (channel, scope) = (stream.channel, &stream.scope);
        if let Some(queue) = &stream.queue {
            let reset = Delivery::Reset { reason, position };
            self.enqueue(queue, id, None, reset);
        } else if let Some(receiver) = self.receivers.get(&channel) {
            guarded(channel, || {
                receiver.on_reset(channel, scope, reason, position);
            });
        }
    }

    /// Passes the statement that entries are not sent to the stream's receiver or queue.
    pub(crate) fn skipped(&self, id: u32, count: u64, position: Position) {
        let Some(stream) = self.stream(id) else {
            return;
        };
        let (channel, scope) = (stream.channel, &stream.scope);
        if let Some(queue) = &stream.queue {
            let skipped = Delivery::Skipped { count, position };
            self.enqueue(queue, id, Some(position), skipped);
        } else if let Some(receiver) = self.receivers.get(&channel) {
            guarded(channel, || {
                receiver.on_skipped(channel, scope, count, position);
            });
        }
    }

    /// Passes an entry to its receiver or queue.
    ///
    /// # Errors
    /// The reason for which a receiver cannot be given it; a queue is given the reason itself.
    pub(crate) fn entry(&self, entry: Entry) -> Result<(), String> {
        let Some(stream) = self.stream(entry.id) else {
            return Ok(());
        };
        if let Some(queue) = &stream.queue {
            let (id, position) = (entry.id, entry.position);
            let delivery = self.delivery(stream, entry);
            self.enqueue(queue, id, Some(position), delivery);
            return Ok(());
        }
        let channel = stream.channel;
        let Some(receiver) = self.receivers.get(&channel) else {
            tracing::warn!(
                channel = channel.name(),
                cursor = entry.position.cursor,
                "an entry has no receiver: call on() for its channel"
            );
            return Ok(());
        };
        if entry.content == Content::Bytes {
            let cursor = entry.position.cursor;
            let body = entry.body;
            guarded(channel, || receiver.on_bytes(channel, cursor, body));
            return Ok(());
        }
        let frame = self
            .frame(stream, &entry)
            .map_err(|error| error.to_string())?;
        guarded(channel, || match &stream.scope {
            ScopeRequest::Topic(topic) => receiver.on_topic_frame(topic, frame),
            ScopeRequest::Channel | ScopeRequest::Inbox => receiver.on_frame(frame),
        });
        Ok(())
    }

    fn frame(&self, stream: &Stream<C>, entry: &Entry) -> Result<Frame<C>, serde_json::Error> {
        let payload = serde_json::from_slice(&entry.body)?;
        let frame = Frame::new(stream.channel, payload).with_cursor(entry.position.cursor);
        Ok(match &stream.scope {
            ScopeRequest::Inbox => frame.with_client(self.client_id),
            ScopeRequest::Topic(topic) => frame.with_topic(topic),
            ScopeRequest::Channel => frame,
        })
    }

    /// The entry as a queue holds it.
    fn delivery(&self, stream: &Stream<C>, entry: Entry) -> Delivery<C> {
        let cursor = entry.position.cursor;
        if entry.content == Content::Bytes {
            let body = entry.body;
            return Delivery::Bytes { cursor, body };
        }
        match self.frame(stream, &entry) {
            Ok(frame) => Delivery::Entry(frame),
            Err(error) => Delivery::Unreadable {
                cursor,
                message: error.to_string(),
            },
        }
    }

    /// Adds an item to a queue; at `position` if it is handled as an entry is.
    fn enqueue(
        &self,
        queue: &Waiting<C>,
        id: u32,
        position: Option<Position>,
        delivery: Delivery<C>,
    ) {
        let receipt = position.map(|position| Receipt {
            id,
            position,
            events: self.queue_event_sender.clone(),
        });
        queue.push(Queued { delivery, receipt });
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

/// Moves the items of one subscription into its queue as there is room.
async fn forward<C: ChannelKind>(
    id: u32,
    mut waiting: Source<C>,
    queue: mpsc::Sender<Queued<C>>,
    events: mpsc::UnboundedSender<QueueEvent>,
) {
    loop {
        let item = tokio::select! {
            item = waiting.next() => item,
            () = queue.closed() => break,
        };
        let Some(item) = item else {
            return;
        };
        if queue.send(item).await.is_err() {
            break;
        }
    }
    // Without the client there is nothing to end.
    drop(events.send(QueueEvent::Abandoned { id }));
}

/// Runs the application's code; a panic in it is logged, and the client continues.
fn guarded<C: ChannelKind>(channel: C, run: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(run)).is_err() {
        tracing::error!(channel = channel.name(), "a channel's receiver panicked");
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use push_wire_shared::PayloadEncoding;
    use push_wire_shared::position::{Epoch, Tag};

    use super::*;
    use crate::Messages;

    #[derive(ChannelKind, Clone, Copy, PartialEq, Eq, Hash, Debug)]
    enum Channel {
        #[channel(system)]
        System,
        Chat,
    }

    #[tokio::test]
    async fn unreadable_entry_is_reported_in_its_stream() {
        let mut dispatch = Dispatch::new(Uuid::nil());
        let (queue, messages) = mpsc::channel(8);
        dispatch.add(7, StreamRequest::channel(Channel::Chat), Some(queue));
        for (cursor, body) in [(1, "1"), (2, "{"), (3, "3")] {
            let position = Position {
                epoch: Epoch(1),
                cursor,
                tag: Tag::default(),
            };
            let passed = dispatch.entry(Entry {
                id: 7,
                position,
                content: Content::Value,
                encoding: PayloadEncoding::Json,
                body: Bytes::from_static(body.as_bytes()),
                wire_bytes: body.len(),
                replayed: false,
            });
            assert_eq!(passed, Ok(()));
        }
        let mut messages = Messages::new(messages);
        for cursor in [1, 3] {
            assert_eq!(messages.recv_delivery().await, {
                let frame = Frame::new(Channel::Chat, cursor.into()).with_cursor(cursor);
                Some(Delivery::Entry(frame))
            });
            if cursor == 1 {
                let unreadable = messages.recv_delivery().await;
                assert!(
                    matches!(unreadable, Some(Delivery::Unreadable { cursor: 2, .. })),
                    "{unreadable:?}"
                );
            }
        }
    }
}
