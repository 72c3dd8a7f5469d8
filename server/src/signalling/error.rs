//! Errors of signalling and relay, and those that clients are sent for them.

use push_wire_shared::relay::RelayError;
use push_wire_shared::rtc::signalling::SignalError;

use crate::HandlerError;

/// Error of [`PushServer::enable_rtc`](crate::PushServer::enable_rtc); nothing has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnableRtcError {
    /// The system channel carries no messages of clients to each other.
    #[error("the system channel is neither for signalling nor for the relay")]
    SystemChannel,
    /// The relay has a channel of its own, since its packets would push signalling messages out of the inboxes.
    #[error("signalling and relay have a channel each")]
    SameChannel,
    /// The server does not have the relay's channel.
    #[error("the server does not have the relay's channel")]
    UnknownChannel,
    /// The server has a signalling channel.
    #[error("the server has a signalling channel already")]
    Enabled,
}

impl From<SignalError> for HandlerError {
    fn from(error: SignalError) -> Self {
        let text = error.to_string();
        match error {
            SignalError::Unreadable(_) | SignalError::OfServer(_) | SignalError::BadRoom => {
                Self::BadPayload(text)
            }
            SignalError::TooLarge { .. } => Self::TooLarge(text),
            SignalError::RoomNotPermitted | SignalError::PeerNotPermitted => {
                Self::NotPermitted(text)
            }
            SignalError::RateLimited { retry } => Self::RateLimited { text, retry },
            SignalError::RoomFull(_)
            | SignalError::TooManyMembers(_)
            | SignalError::TooManyRooms(_)
            | SignalError::TooManyOpened(_)
            | SignalError::NoRoomLeft(_) => Self::Refused(text),
        }
    }
}

impl From<RelayError> for HandlerError {
    fn from(error: RelayError) -> Self {
        let text = error.to_string();
        match error {
            RelayError::RateLimited { retry, .. } => Self::RateLimited { text, retry },
            RelayError::TooLarge { .. } => Self::TooLarge(text),
        }
    }
}
