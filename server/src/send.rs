//! From the application to one client: its inbox, where entries wait while it is away.

use bytes::Bytes;
use push_wire_broker::Record;
use push_wire_shared::session::op::{ErrorCode, ServerOp};
use push_wire_shared::{ChannelKind, Frame, SystemOp};
use uuid::Uuid;

use crate::hub::{HubSendError, Notice, NotifyError, PublishError};
use crate::publish::{bytes_record, value_record};
use crate::{PushServer, clock};

/// Why nothing was sent to a client.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The server knows no session of this client. A client that is away for less than the session time is
    /// known, and gets what was sent when it is back.
    #[error("client {0} not connected")]
    NotConnected(Uuid),
    /// Too many control ops wait for this client already.
    #[error("send buffer full for client {0}")]
    Backpressure(Uuid),
    /// The payload cannot be sent: too large, or the channel carries no entries.
    #[error("payload rejected: {0}")]
    Rejected(String),
    /// The payload cannot be written as JSON.
    #[error("payload serialization error: {0}")]
    Serialization(String),
}

impl SendError {
    fn new(error: HubSendError) -> Self {
        match error {
            HubSendError::UnknownClient(client_id) => Self::NotConnected(client_id),
            HubSendError::Publish(error) => error.into(),
        }
    }
}

impl From<PublishError> for SendError {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Serialization(error) => Self::Serialization(error.to_string()),
            other @ (PublishError::NoEntries(_)
            | PublishError::BadTopic(_)
            | PublishError::TooLarge { .. }
            | PublishError::TooManyStreams(_)
            | PublishError::Broker(_)) => Self::Rejected(other.to_string()),
        }
    }
}

impl<C: ChannelKind> PushServer<C> {
    /// Sends a frame to a client: into its inbox on the frame's channel, in order, kept while it is away. A
    /// cursor in the frame is not looked at: the inbox numbers its entries itself.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn send(&self, client_id: Uuid, frame: Frame<C>) -> Result<(), SendError> {
        self.send_record(client_id, frame.channel, value_record(&frame.payload)?)
    }

    /// Sends bytes, which mean something to the application only, to a client.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn send_bytes(
        &self,
        client_id: Uuid,
        channel: C,
        bytes: impl Into<Bytes>,
    ) -> Result<(), SendError> {
        self.send_record(client_id, channel, bytes_record(bytes.into()))
    }

    fn send_record(&self, client_id: Uuid, channel: C, record: Record) -> Result<(), SendError> {
        let sent = self
            .hub
            .send(clock::now(), client_id, channel.wire_id(), record);
        sent.map(|_| ()).map_err(SendError::new)
    }

    /// Sends a control op to a client that is connected; one that cannot be sent is logged.
    /// [`try_send_system`](Self::try_send_system) says so instead.
    pub fn send_system(&self, client_id: Uuid, op: SystemOp<C>) {
        if let Err(error) = self.try_send_system(client_id, op) {
            tracing::warn!(%client_id, %error, "a system op was not sent");
        }
    }

    /// Sends a control op to a client that is connected. In the push-wire dialect there are `error`, `ping` and
    /// `pong`; clients of that dialect are not sent the others.
    ///
    /// # Errors
    /// [`SendError::NotConnected`] also for a client that is away, since ops do not wait; [`SendError::Backpressure`] when
    /// too many ops wait for its connection already.
    pub fn try_send_system(&self, client_id: Uuid, op: SystemOp<C>) -> Result<(), SendError> {
        let json = serde_json::to_string(&op);
        let json = json.map_err(|error| SendError::Serialization(error.to_string()))?;
        let notice = Notice::System {
            json,
            op: in_wire_dialect(op),
        };
        let left = self.hub.notify(client_id, notice);
        left.map_err(|error| match error {
            NotifyError::NotConnected => SendError::NotConnected(client_id),
            NotifyError::Full => SendError::Backpressure(client_id),
        })
    }
}

fn in_wire_dialect<C: ChannelKind>(op: SystemOp<C>) -> Option<ServerOp> {
    if let SystemOp::Error { message } = op {
        let code = ErrorCode::Other;
        return Some(ServerOp::Error {
            code,
            message,
            id: None,
        });
    }
    if matches!(op, SystemOp::Ping) {
        return Some(ServerOp::Ping { heads: Vec::new() });
    }
    matches!(op, SystemOp::Pong).then_some(ServerOp::Pong)
}
