//! [`Messages`], the queue of one subscription.

use std::fmt;

use bytes::Bytes;
use push_wire_shared::position::{Cursor, Position, ResetReason};
use push_wire_shared::session::client::EndCause;
use push_wire_shared::{ChannelKind, Frame};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;

use crate::StreamError;
use crate::dispatch::QueueEvent;

/// Entry of a stream, or a statement about it, in the order in which the application should handle them.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Delivery<C: ChannelKind> {
    /// The next entry.
    Entry(Frame<C>),
    /// The next entry, whose body is bytes that only applications interpret.
    Bytes {
        /// Cursor of the entry.
        cursor: Cursor,
        /// The bytes.
        body: Bytes,
    },
    /// The next entry, whose body is not the JSON value that it should be; reading continues after it.
    Unreadable {
        /// Cursor of the entry.
        cursor: Cursor,
        /// Description of the error, for people.
        message: String,
    },
    /// Continuity with the entries before cannot be proved; those that follow come after `position`.
    Reset {
        /// Reason, for programs.
        reason: ResetReason,
        /// Position after which reading continues.
        position: Position,
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

/// Item of a queue.
pub(crate) struct Queued<C: ChannelKind> {
    pub(crate) delivery: Delivery<C>,
    /// `None` for what is not handled as an entry is.
    pub(crate) receipt: Option<Receipt>,
}

/// Report that the application has handled everything up to a position.
pub(crate) struct Receipt {
    pub(crate) id: u32,
    pub(crate) position: Position,
    pub(crate) events: mpsc::UnboundedSender<QueueEvent>,
}

impl Receipt {
    fn report(self) {
        let Self {
            id,
            position,
            events,
        } = self;
        // Fails if the client has ended: no position is kept then.
        drop(events.send(QueueEvent::Handled { id, position }));
    }
}

/// Queue of one subscription, from [`PushClient::messages`](crate::PushClient::messages). Dropping it ends the
/// subscription.
///
/// An entry counts as handled at the next call of [`recv`](Self::recv), [`recv_delivery`](Self::recv_delivery),
/// [`try_recv`](Self::try_recv) or [`handled`](Self::handled) after it was returned. Entries that were not handled when
/// the process ended arrive again, if it continues from a [`snapshot`](crate::PushClient::snapshot) or from
/// [`positions`](crate::PushClient::positions): each entry arrives at least once. Only handled entries are
/// acknowledged to the server.
pub struct Messages<C: ChannelKind> {
    queue: mpsc::Receiver<Queued<C>>,
    /// Receipt of what was returned last.
    receipt: Option<Receipt>,
    /// Error with which the server has ended the subscription.
    error: Option<StreamError>,
}

impl<C: ChannelKind> Messages<C> {
    pub(crate) const fn new(queue: mpsc::Receiver<Queued<C>>) -> Self {
        Self {
            queue,
            receipt: None,
            error: None,
        }
    }

    /// Waits for the next value; `None` when the subscription has ended, with [`error`](Self::error) as the reason. Resets,
    /// skipped entries and entries of bytes are passed over; see [`recv_delivery`](Self::recv_delivery).
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn recv(&mut self) -> Option<Frame<C>> {
        loop {
            if let Delivery::Entry(frame) = self.recv_delivery().await? {
                return Some(frame);
            }
        }
    }

    /// Waits for the next entry, reset or other statement about the stream; `None` when the subscription has ended.
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn recv_delivery(&mut self) -> Option<Delivery<C>> {
        self.handled();
        let queued = self.queue.recv().await?;
        Some(self.take(queued))
    }

    /// The next value, if one has arrived. A payload that is not a value is skipped, as by [`recv`](Self::recv).
    ///
    /// # Errors
    /// [`TryRecvError`]: there is none now, or the subscription has ended.
    pub fn try_recv(&mut self) -> Result<Frame<C>, TryRecvError> {
        loop {
            self.handled();
            let queued = self.queue.try_recv()?;
            if let Delivery::Entry(frame) = self.take(queued) {
                return Ok(frame);
            }
        }
    }

    /// Counts what was returned last as handled, before the next entry is asked for.
    pub fn handled(&mut self) {
        if let Some(receipt) = self.receipt.take() {
            receipt.report();
        }
    }

    /// Error with which the server has ended the subscription, once that was returned or passed over. `None` while it goes
    /// on, and after an end that the application asked for.
    #[must_use]
    pub const fn error(&self) -> Option<&StreamError> {
        self.error.as_ref()
    }

    fn take(&mut self, queued: Queued<C>) -> Delivery<C> {
        self.receipt = queued.receipt;
        if let Delivery::Ended { cause, message } = &queued.delivery {
            self.error = Some(StreamError {
                cause: *cause,
                message: message.clone(),
            });
        }
        queued.delivery
    }
}

impl<C: ChannelKind> fmt::Debug for Messages<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Messages")
            .field("waiting", &self.queue.len())
            .finish_non_exhaustive()
    }
}
