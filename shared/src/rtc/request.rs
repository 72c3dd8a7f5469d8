//! [`RtcRequest`]: requests of a client to the server, beside `PeerDiscovery`.

use alloc::string::String;

use serde::{Deserialize, Serialize};

/// Request of a client to the server on a signalling channel, beside
/// [`RtcMessage::PeerDiscovery`](super::RtcMessage::PeerDiscovery). In JSON the tag is `type`, in snake case.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RtcRequest {
    /// Leave rooms.
    LeaveRoom {
        /// The room; default all that the client has entered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
    },
    /// Credentials for the TURN server, which arrive as
    /// [`RtcMessage::TurnCredentials`](super::RtcMessage::TurnCredentials).
    TurnRequest,
}
