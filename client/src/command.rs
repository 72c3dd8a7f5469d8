//! Commands of the application to the driver.

use std::sync::Arc;

use push_wire_shared::position::Position;
use push_wire_shared::session::client::{ConfigError, SubscribeError};
use push_wire_shared::session::op::ScopeRequest;
use push_wire_shared::session::wire::Content;
use push_wire_shared::{ChannelKind, Frame};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use crate::messages::Queued;
use crate::{ChannelReceiver, SendError, SessionKey, Stats, StreamRequest};

/// Command of the application; those with a sender are answered.
pub(crate) enum Command<C: ChannelKind> {
    Connect(oneshot::Sender<()>),
    Receive(C, Arc<dyn ChannelReceiver<C>>),
    Subscribe(Subscribing<C>),
    Unsubscribe(C, ScopeRequest, oneshot::Sender<()>),
    Send(Outgoing<C>),
    SetToken(Option<String>, oneshot::Sender<Result<(), ConfigError>>),
    Ask(oneshot::Sender<Facts<C>>),
    Snapshot(oneshot::Sender<Vec<u8>>),
    Disconnect,
}

/// A stream to read.
pub(crate) struct Subscribing<C: ChannelKind> {
    pub(crate) request: StreamRequest<C>,
    /// Queue for its entries, in place of the channel's receiver.
    pub(crate) queue: Option<mpsc::Sender<Queued<C>>>,
    /// Receives the result.
    pub(crate) done: oneshot::Sender<Result<(), SubscribeError>>,
}

/// A message for the server.
pub(crate) struct Message<C> {
    pub(crate) channel: C,
    pub(crate) topic: Option<String>,
    pub(crate) content: Content,
    pub(crate) body: Vec<u8>,
}

impl<C> Message<C> {
    /// The payload of a frame as JSON, for its topic.
    pub(crate) fn value(frame: Frame<C>) -> Result<Self, serde_json::Error> {
        let body = serde_json::to_vec(&frame.payload)?;
        Ok(Self {
            channel: frame.channel,
            topic: frame.topic,
            content: Content::Value,
            body,
        })
    }

    /// Bytes of the application.
    pub(crate) const fn bytes(channel: C, topic: Option<String>, body: Vec<u8>) -> Self {
        Self {
            channel,
            topic,
            content: Content::Bytes,
            body,
        }
    }
}

/// A message to send.
pub(crate) struct Outgoing<C> {
    pub(crate) message: Message<C>,
    /// Receives the result once the session has queued the message.
    pub(crate) queued: oneshot::Sender<Result<(), SendError>>,
    /// Receives the server's answer.
    pub(crate) answered: Option<oneshot::Sender<Result<(), SendError>>>,
    /// Place among the messages that wait for the driver, held until the command is handled.
    pub(crate) _place: OwnedSemaphorePermit,
}

/// State of the session.
pub(crate) struct Facts<C> {
    pub(crate) session: SessionKey,
    pub(crate) stats: Stats,
    pub(crate) positions: Vec<(C, ScopeRequest, Position)>,
}
