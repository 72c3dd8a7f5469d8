//! Modes of a path, and the signal of a change.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Path on which packets for a peer are sent. In JSON one of `direct`, `p2p` and `relay`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransportMode {
    /// The peer's connection to the server; the mode of a peer at first.
    #[default]
    Direct,
    /// A connection between the peers.
    P2p,
    /// The server's relay, which takes packets while there is no connection between the peers.
    Relay,
}

/// Reason for a change of mode. In JSON in snake case.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModeSwitchReason {
    /// A peer or the application asked for it.
    Requested,
    /// The path between the peers failed.
    PathDegraded,
    /// The path between the peers is tried again.
    PathRecovered,
    /// An operator decided it.
    OperatorOverride,
}

/// Notice to a peer that its mode has changed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct ModeSwitchSignal {
    /// Client id of the peer whose mode has changed.
    pub peer_id: Uuid,
    /// Mode from now on.
    pub mode: TransportMode,
    /// Mode before.
    pub previous_mode: TransportMode,
    /// Reason for the change.
    pub reason: ModeSwitchReason,
    /// Number of the change, greater than that of every earlier one of this peer. A receiver ignores a signal whose
    /// number is not above the last one that it has seen.
    pub generation: u64,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn signal_is_json_in_snake_case() {
        let signal = ModeSwitchSignal {
            peer_id: Uuid::from_u128(1),
            mode: TransportMode::P2p,
            previous_mode: TransportMode::Direct,
            reason: ModeSwitchReason::OperatorOverride,
            generation: 3,
        };
        let json = json!({
            "peer_id": "00000000-0000-0000-0000-000000000001",
            "mode": "p2p",
            "previous_mode": "direct",
            "reason": "operator_override",
            "generation": 3,
        });
        assert_eq!(serde_json::to_value(signal).unwrap(), json);
        let read: ModeSwitchSignal = serde_json::from_value(json).unwrap();
        assert_eq!(read, signal);
    }
}
