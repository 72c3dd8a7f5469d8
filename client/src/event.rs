//! Events of a client other than entries.

use push_wire_shared::ChannelKind;
use push_wire_shared::position::{Cursor, Outcome, Position};
use push_wire_shared::session::client::{EndCause, Status};
use push_wire_shared::session::op::{ErrorCode, ScopeRequest};

/// Something that happened, from [`PushClient::events`](crate::PushClient::events).
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum ClientEvent<C: ChannelKind> {
    /// The connection changed.
    Status(Status),
    /// A subscribe or resume ended: continuity is proved, or it is not.
    Outcome {
        /// The channel.
        channel: C,
        /// Which stream of it.
        scope: ScopeRequest,
        /// How.
        outcome: Outcome,
        /// Reading goes on after this; `None` when the subscription has ended.
        position: Option<Position>,
        /// The newest entry.
        head: Cursor,
    },
    /// The server ended a subscription.
    Ended {
        /// The channel.
        channel: C,
        /// Which stream of it.
        scope: ScopeRequest,
        /// Why, for programs.
        cause: EndCause,
        /// Why, for people.
        message: String,
    },
    /// A message that was sent without waiting for the server's word was not carried out.
    Refused {
        /// Why, for programs.
        code: ErrorCode,
        /// Why, for people.
        message: String,
    },
    /// Something went wrong that concerns no single subscription or message.
    Error {
        /// What, for programs.
        code: ErrorCode,
        /// What, for people.
        message: String,
    },
}

/// Short status of the connection; [`PushClient::status`](crate::PushClient::status) has the details.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConnectionState {
    /// Not connected, and not trying.
    Disconnected,
    /// Trying for the first time.
    Connecting,
    /// The server took the handshake.
    Connected,
    /// Lost, and coming back.
    Resuming,
}
