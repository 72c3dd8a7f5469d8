//! Errors of sending to one client, and the forms of the application's control ops.

use push_wire_shared::limits::{FEATURE_BYTES, FEATURES, TEXT_BYTES};
use push_wire_shared::quote::cut;
use push_wire_shared::session::op::{ErrorCode, Features, Health, ServerOp, Slow, SystemNotice};
use push_wire_shared::{ChannelKind, SystemOp};
use uuid::Uuid;

use crate::hub::{HubSendError, Notice, NotifyError, PublishError};

/// Error of sending to a client.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// There is no session of this client. A client that disconnected less than the session time ago still has one, and
    /// gets the entry when it returns.
    #[error("client {0} not connected")]
    NotConnected(Uuid),
    /// Too many control ops are queued for this client.
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
    pub(crate) const fn of_notice(error: NotifyError, client_id: Uuid) -> Self {
        match error {
            NotifyError::NotConnected => Self::NotConnected(client_id),
            NotifyError::Full => Self::Backpressure(client_id),
        }
    }
}

impl From<HubSendError> for SendError {
    fn from(error: HubSendError) -> Self {
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
            | PublishError::Inbox
            | PublishError::BadTopic(_)
            | PublishError::TooLarge { .. }
            | PublishError::TooManyStreams(_)
            | PublishError::Broker(_)) => Self::Rejected(other.to_string()),
        }
    }
}

/// A control op in the forms of both dialects.
pub(crate) fn notice<C: ChannelKind>(op: SystemOp<C>) -> Result<Notice, SendError> {
    let op = with_short_text(op);
    let json = serde_json::to_string(&op);
    let json = json.map_err(|error| SendError::Serialization(error.to_string()))?;
    let op = in_wire_dialect(op);
    if let Some(ServerOp::Notice(SystemNotice::Features(features))) = &op
        && !features.are_within_limits()
    {
        let limits =
            format!("features: more than {FEATURES} names, or one above {FEATURE_BYTES} bytes");
        return Err(SendError::Rejected(limits));
    }
    Ok(Notice::System { json, op })
}

/// The op with its text for people cut to the limit of receivers.
fn with_short_text<C: ChannelKind>(op: SystemOp<C>) -> SystemOp<C> {
    let short = |text: String| cut(&text, TEXT_BYTES).into_owned();
    if let SystemOp::Error { message } = op {
        return SystemOp::Error {
            message: short(message),
        };
    }
    if let SystemOp::Goodbye { reason } = op {
        return SystemOp::Goodbye {
            reason: reason.map(short),
        };
    }
    op
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the other ops belong to the JSON dialect, whose clients know what they mean"
)]
fn in_wire_dialect<C: ChannelKind>(op: SystemOp<C>) -> Option<ServerOp> {
    Some(match op {
        SystemOp::Error { message } => ServerOp::Error {
            code: ErrorCode::Other,
            message,
            id: None,
            retry_ms: None,
        },
        SystemOp::Ping => ServerOp::Ping { heads: Vec::new() },
        SystemOp::Pong => ServerOp::Pong,
        SystemOp::Health { status, detail } => {
            ServerOp::Notice(SystemNotice::Health(Health { status, detail }))
        }
        SystemOp::Slow { window } => ServerOp::Notice(SystemNotice::Slow(Slow { window })),
        SystemOp::Features {
            supported,
            requested,
        } => ServerOp::Notice(SystemNotice::Features(Features {
            supported,
            requested,
        })),
        _ => return None,
    })
}
