//! [`Subscription`], the entries of one stream.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_core::Stream;
use push_wire_shared::encoding::DecodeError;
use push_wire_shared::position::{Cursor, Outcome, Position, StartAt};
use push_wire_shared::session::client::{EndCause, SubscribeError};
use push_wire_shared::session::op::ScopeRequest;
use push_wire_shared::session::wire::Content;
use push_wire_shared::{ChannelKind, PayloadEncoding};
use serde::de::DeserializeOwned;

use crate::client::Shared;
use crate::stream::{Item, Listener, Sink, Source, Taken};
use crate::values;

/// Stream to read, and position to start from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StreamRequest<C: ChannelKind> {
    channel: C,
    scope: ScopeRequest,
    position: Option<Position>,
    start: StartAt,
    keeps_position: bool,
}

impl<C: ChannelKind> StreamRequest<C> {
    /// The channel itself, from the oldest entry kept.
    #[must_use]
    pub const fn channel(channel: C) -> Self {
        Self::of(channel, ScopeRequest::Channel)
    }

    /// A topic of a channel, from the oldest entry kept.
    #[must_use]
    pub fn topic(channel: C, topic: impl Into<String>) -> Self {
        Self::of(channel, ScopeRequest::Topic(topic.into()))
    }

    /// This client's inbox in a channel, from the oldest entry kept.
    #[must_use]
    pub const fn inbox(channel: C) -> Self {
        Self::of(channel, ScopeRequest::Inbox)
    }

    const fn of(channel: C, scope: ScopeRequest) -> Self {
        Self {
            channel,
            scope,
            position: None,
            start: StartAt::Oldest,
            keeps_position: false,
        }
    }

    /// Starts with the next entry that is published.
    #[must_use]
    pub const fn from_newest(mut self) -> Self {
        self.start = StartAt::Newest;
        self
    }

    /// Starts after a position that the application has kept.
    #[must_use]
    pub const fn after(mut self, position: Position) -> Self {
        self.position = Some(position);
        self
    }

    /// Keeps the position over a reload of the page: the stream goes on there, instead of at its start. For entries that
    /// the application keeps over a reload as well.
    #[must_use]
    pub const fn keeping_position(mut self) -> Self {
        self.keeps_position = true;
        self
    }

    pub(crate) fn subscription(self) -> push_wire_shared::session::client::Subscription {
        push_wire_shared::session::client::Subscription {
            channel: self.channel.name().into(),
            scope: self.scope,
            position: self.position,
            start: self.start,
            keeps_position: self.keeps_position,
        }
    }
}

/// One entry of a stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Position of the reader after this entry.
    pub position: Position,
    /// Kind of the body.
    pub content: Content,
    /// Encoding of the body of a value.
    pub encoding: PayloadEncoding,
    /// The body: a value in this encoding, or bytes of the application.
    pub body: Bytes,
    /// True if it was published before the latest outcome: replayed rather than live.
    pub replayed: bool,
}

impl Entry {
    /// The value: what its JSON is, whatever the encoding.
    ///
    /// # Errors
    /// Fails if the body is not a value of its encoding, or another one than a `T`.
    pub fn value<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        values::decode(&self.body, self.encoding)
    }
}

/// Entry of a stream, or a statement about it, in the order in which the application should handle them.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Delivery {
    /// The next entry.
    Entry(Entry),
    /// A subscribe or resume ended. After a reset, what came before has to be discarded.
    Outcome {
        /// The outcome.
        outcome: Outcome,
        /// Position after which reading continues.
        position: Position,
        /// The entry just before the oldest kept; only with a reset.
        floor: Option<Cursor>,
        /// The newest entry.
        head: Cursor,
    },
    /// The server did not send entries, because this client was further behind than the channel's policy allows.
    Skipped {
        /// Number of entries.
        count: u64,
        /// Position after which reading continues.
        position: Position,
    },
    /// The server has ended the subscription; nothing follows.
    Ended {
        /// Reason, for programs.
        cause: EndCause,
        /// Reason, for people.
        message: String,
    },
}

/// Entries of one stream, and statements about it. Dropping it ends the subscription.
///
/// An entry counts as handled when the next one is asked for: entries that were not handled when the page was left arrive
/// again, and only handled ones are acknowledged to the server.
pub struct Subscription<C: ChannelKind> {
    client: Rc<Shared>,
    source: Rc<Source>,
    listener: Rc<Listener>,
    queue: Rc<Queue>,
    channels: std::marker::PhantomData<fn() -> C>,
}

/// The item that waits for the application; the others wait in the listener.
#[derive(Default)]
struct Queue {
    waiting: RefCell<VecDeque<Rc<Item>>>,
    /// Given to the application, which has not asked for the next one yet.
    given: RefCell<Option<Rc<Item>>>,
    is_over: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Sink for Rc<Queue> {
    fn take(&self, item: &Rc<Item>) -> Taken {
        self.waiting.borrow_mut().push_back(Rc::clone(item));
        let waker = self.waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
        Taken::Later
    }

    fn closed(&self) {
        self.is_over.set(true);
        let waker = self.waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<C: ChannelKind> Subscription<C> {
    pub(crate) fn new(
        client: &Rc<Shared>,
        request: StreamRequest<C>,
    ) -> Result<Self, SubscribeError> {
        let queue = Rc::new(Queue::default());
        let (source, listener) = client
            .driver
            .listen(request.subscription(), Rc::clone(&queue))?;
        Ok(Self {
            client: Rc::clone(client),
            source,
            listener,
            queue,
            channels: std::marker::PhantomData,
        })
    }

    /// Position up to which entries were handled; `None` before the server's first answer.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.listener.position()
    }

    /// Waits for the next entry; `None` when the subscription has ended. Outcomes and skipped entries are passed over.
    pub async fn next_entry(&mut self) -> Option<Entry> {
        loop {
            let next = poll_fn(|cx| self.poll_delivery(cx)).await?;
            if let Delivery::Entry(entry) = next {
                return Some(entry);
            }
        }
    }

    fn poll_delivery(&mut self, cx: &mut Context<'_>) -> Poll<Option<Delivery>> {
        let given = self.queue.given.take();
        if let Some(given) = given {
            self.listener.finished(&given);
        }
        let next = self.queue.waiting.borrow_mut().pop_front();
        if let Some(item) = next {
            let delivery = delivery(&item);
            if matches!(delivery, Delivery::Ended { .. }) {
                self.queue.is_over.set(true);
            }
            self.queue.given.replace(Some(item));
            return Poll::Ready(Some(delivery));
        }
        if self.queue.is_over.get() {
            return Poll::Ready(None);
        }
        self.queue.waker.replace(Some(cx.waker().clone()));
        Poll::Pending
    }
}

impl<C: ChannelKind> Stream for Subscription<C> {
    type Item = Delivery;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Delivery>> {
        self.poll_delivery(cx)
    }
}

impl<C: ChannelKind> Drop for Subscription<C> {
    fn drop(&mut self) {
        self.client.driver.leave(&self.source, &self.listener);
    }
}

impl<C: ChannelKind> std::fmt::Debug for Subscription<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscription")
            .field("channel", &self.source.channel)
            .field("scope", &self.source.scope)
            .finish_non_exhaustive()
    }
}

fn delivery(item: &Item) -> Delivery {
    match item {
        Item::Entry(entry) => Delivery::Entry(Entry {
            position: entry.position,
            content: entry.content,
            encoding: entry.encoding,
            body: entry.body.clone(),
            replayed: entry.replayed,
        }),
        Item::Skipped { count, position } => Delivery::Skipped {
            count: *count,
            position: *position,
        },
        Item::Outcome {
            outcome,
            position,
            floor,
            head,
        } => Delivery::Outcome {
            outcome: *outcome,
            position: *position,
            floor: *floor,
            head: *head,
        },
        Item::Ended { cause, message } => Delivery::Ended {
            cause: *cause,
            message: message.clone(),
        },
    }
}
