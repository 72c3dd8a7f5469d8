//! State shared by the driver and the client, which the application reads without a command to the driver.

use push_wire_shared::ChannelKind;
use push_wire_shared::close::CloseReason;
use push_wire_shared::session::client::Status;
use tokio::sync::{broadcast, watch};

use crate::{ClientEvent, ConnectError, ConnectionState, CursorTracker};

/// State that the driver updates.
pub(crate) struct Shared<C: ChannelKind> {
    pub(crate) connection: watch::Sender<ConnectionStatus>,
    pub(crate) events: broadcast::Sender<ClientEvent<C>>,
    pub(crate) cursors: CursorTracker<C>,
}

/// The connection as the application sees it.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionStatus {
    pub(crate) status: Status,
    /// The server has accepted a handshake since `connect`.
    pub(crate) was_ready: bool,
    /// Error of the last attempt to open a socket.
    pub(crate) open_error: Option<String>,
}

impl ConnectionStatus {
    /// Summary for the application.
    pub(crate) const fn summary(&self) -> ConnectionState {
        match self.status {
            Status::Ready => ConnectionState::Connected,
            Status::Idle | Status::Closed { .. } => ConnectionState::Disconnected,
            Status::AwaitingToken { .. }
            | Status::Connecting { .. }
            | Status::Waiting { .. }
            | Status::Suspended { .. } => {
                if self.was_ready {
                    ConnectionState::Resuming
                } else {
                    ConnectionState::Connecting
                }
            }
        }
    }
}

/// Returns the error with which the attempts to connect have ended; `None` while there are more.
pub(crate) fn connect_error(connection: &ConnectionStatus) -> Option<ConnectError> {
    let (Status::Suspended { cause } | Status::Closed { cause }) = &connection.status else {
        return None;
    };
    let reason = cause.code.and_then(CloseReason::from_code);
    Some(match (reason, &connection.open_error) {
        (Some(CloseReason::Unauthorized), _) => ConnectError::AuthRejected(cause.message.clone()),
        (Some(CloseReason::HandshakeTimeout), _) => ConnectError::Timeout,
        (_, Some(error)) => ConnectError::Transport(error.clone()),
        (_, None) => match cause.code {
            Some(code) => ConnectError::Closed {
                code,
                message: cause.message.clone(),
            },
            None => ConnectError::Transport(cause.message.clone()),
        },
    })
}
