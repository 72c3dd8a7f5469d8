//! [`PeerPacket`]: the unit that two clients exchange.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Packet between two clients: a message, an acknowledgement, or both.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PeerPacket {
    /// Number of the session that sends it.
    pub session: u64,
    /// Number of the session that it is for. No other one takes it.
    pub peer: u64,
    /// Number of the message, from 1 on; 0 of a packet without message.
    pub sequence: u64,
    /// Number of the last message that the sender of the packet has received, with all before it.
    pub acknowledged: u64,
    /// The message; `Null` if there is none.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub payload: Value,
}
