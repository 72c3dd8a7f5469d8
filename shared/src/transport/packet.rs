//! Packets for peers, and the outcome of their dispatch.

use alloc::string::String;
use core::fmt::{self, Write};

use serde_json::Value;

use super::{ModeSwitchSignal, TransportMode};

/// Packet for a peer.
#[derive(Clone, PartialEq, Debug)]
pub struct TransportPacket {
    /// Name of the channel that it belongs to.
    pub channel: String,
    /// Number of the packet in its channel. A packet whose number is not above the last one that was sent to the peer is
    /// a duplicate, and is not sent. `None` (the default): always sent.
    pub cursor: Option<u64>,
    /// Content.
    pub payload: Value,
}

impl TransportPacket {
    /// A packet without a cursor.
    #[must_use]
    pub fn new(channel: impl Into<String>, payload: Value) -> Self {
        Self {
            channel: channel.into(),
            cursor: None,
            payload,
        }
    }

    /// The same packet with a cursor.
    #[must_use]
    pub fn with_cursor(mut self, cursor: u64) -> Self {
        self.cursor = Some(cursor);
        self
    }

    /// Bytes that the packet takes from a relay's budget: its payload as JSON without blanks, the name of its channel,
    /// and 8 if it has a cursor.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let mut payload = Counter(0);
        // The counter accepts everything, and a JSON value can always be written.
        let written = write!(payload, "{}", self.payload);
        debug_assert!(written.is_ok(), "a JSON value can be written");
        let cursor = if self.cursor.is_some() { 8 } else { 0 };
        payload.0 + self.channel.len() as u64 + cursor
    }
}

/// Counts the bytes that are written to it.
struct Counter(u64);

impl Write for Counter {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len() as u64;
        Ok(())
    }
}

/// Path that a packet took.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TransportRoute {
    /// The peer's connection to the server.
    Direct,
    /// The connection between the peers.
    P2p,
    /// The server's relay.
    Relay,
}

impl From<TransportMode> for TransportRoute {
    /// The path that packets take first in this mode.
    fn from(mode: TransportMode) -> Self {
        match mode {
            TransportMode::Direct => Self::Direct,
            TransportMode::P2p => Self::P2p,
            TransportMode::Relay => Self::Relay,
        }
    }
}

/// Outcome of the dispatch of a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RouteOutcome {
    /// Path that the packet took; of a duplicate, the path that it would have taken.
    pub route: TransportRoute,
    /// Mode of the peer afterwards.
    pub active_mode: TransportMode,
    /// Change of mode that this packet caused, of which the peer is to be told.
    pub switch: Option<ModeSwitchSignal>,
    /// The packet was sent; `false`: it is a duplicate.
    pub delivered: bool,
}

impl RouteOutcome {
    /// Outcome of a duplicate for a peer in this mode.
    #[must_use]
    pub fn duplicate(mode: TransportMode) -> Self {
        Self {
            route: mode.into(),
            active_mode: mode,
            switch: None,
            delivered: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn counts_payload_channel_and_cursor() {
        let packet = TransportPacket::new("data", json!({"text": "hé\n", "list": [1, 2.5, null]}));
        let json = serde_json::to_vec(&packet.payload).unwrap();
        assert_eq!(packet.bytes(), json.len() as u64 + 4);
        assert_eq!(packet.with_cursor(1).bytes(), json.len() as u64 + 12);
    }
}
