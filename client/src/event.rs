//! Events of a client other than entries.

use std::time::Duration;

use push_wire_shared::ChannelKind;
use push_wire_shared::position::{Cursor, Outcome, Position};
use push_wire_shared::session::client::{EndCause, Status};
use push_wire_shared::session::op::{ErrorCode, ScopeRequest, SystemNotice};

/// Event of a client, from [`PushClient::events`](crate::PushClient::events).
///
/// Events arrive beside the entries and not in order with them: a receiver may see entries after a reset before the
/// application sees the [`Outcome`](Self::Outcome) here. Where the order matters, use
/// [`ChannelReceiver::on_reset`](crate::ChannelReceiver::on_reset) or
/// [`Messages::recv_delivery`](crate::Messages::recv_delivery).
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum ClientEvent<C: ChannelKind> {
    /// The connection's status changed.
    Status(Status),
    /// A subscribe or resume ended: continuity is proved, or it is not.
    Outcome {
        /// The channel.
        channel: C,
        /// Stream of the channel.
        scope: ScopeRequest,
        /// The outcome.
        outcome: Outcome,
        /// Position after which reading continues; `None` when the subscription has ended.
        position: Option<Position>,
        /// The newest entry.
        head: Cursor,
    },
    /// The server did not send entries, because this client was further behind than the channel's policy allows.
    Skipped {
        /// The channel.
        channel: C,
        /// Stream of the channel.
        scope: ScopeRequest,
        /// Number of entries.
        count: u64,
        /// Position after which reading continues.
        position: Position,
    },
    /// The server ended a subscription.
    Ended {
        /// The channel.
        channel: C,
        /// Stream of the channel.
        scope: ScopeRequest,
        /// Reason, for programs.
        cause: EndCause,
        /// Reason, for people.
        message: String,
    },
    /// The server did not carry out a message that was sent without waiting for its answer.
    Refused {
        /// Reason, for programs.
        code: ErrorCode,
        /// Reason, for people.
        message: String,
        /// Time after which the server may carry out the same message; only with [`ErrorCode::RateLimited`].
        retry: Option<Duration>,
    },
    /// A notice of the application on the server, sent with `send_system`. `Slow` also comes from the server itself, to a
    /// client that sends more than its rates allow.
    Notice(SystemNotice),
    /// An error that concerns no single subscription or message.
    Error {
        /// Kind of the error, for programs.
        code: ErrorCode,
        /// Description, for people.
        message: String,
    },
}

/// Short status of the connection; [`PushClient::status`](crate::PushClient::status) has the details.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConnectionState {
    /// Not connected, and no attempt is made.
    Disconnected,
    /// Connecting for the first time.
    Connecting,
    /// The server accepted the handshake.
    Connected,
    /// Reconnecting after a loss.
    Resuming,
}
