//! [`RtcConfig`]: settings of a signalling channel.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use push_wire_shared::ChannelKind;
use push_wire_shared::rtc::signalling::SignallingConfig;
use uuid::Uuid;

use crate::{RelayLimits, TurnSecret};

/// Callback that allows messages from one client to another one with which it shares no room.
pub(super) type Allow = Arc<dyn Fn(Uuid, Uuid) -> bool + Send + Sync>;

/// Settings of a signalling channel, for [`PushServer::enable_rtc`](crate::PushServer::enable_rtc).
#[derive(Clone, Default)]
pub struct RtcConfig {
    pub(super) signalling: SignallingConfig,
    pub(super) allow: Option<Allow>,
    pub(super) turn: Option<(TurnSecret, Duration)>,
    /// Wire id of the relay channel, and its limits.
    pub(super) relay: Option<(u8, RelayLimits)>,
}

impl RtcConfig {
    /// Settings with the default limits: messages between clients of one room, no TURN server, no relay.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the limits of rooms and of each client's messages.
    #[must_use]
    pub const fn limits(mut self, limits: SignallingConfig) -> Self {
        self.signalling = limits;
        self
    }

    /// Allows messages also from one client to another one, in this order, for which the callback returns true; default:
    /// only between clients that share a room. The callback is called for each message of clients that share none, on the
    /// sender's connection, which it delays.
    #[must_use]
    pub fn allow(mut self, allow: impl Fn(Uuid, Uuid) -> bool + Send + Sync + 'static) -> Self {
        self.allow = Some(Arc::new(allow));
        self
    }

    /// Answers requests for credentials of a TURN server with credentials of this validity, at most until the client's grant
    /// ends; default: they are refused.
    #[must_use]
    pub fn turn(mut self, secret: TurnSecret, ttl: Duration) -> Self {
        self.turn = Some((secret, ttl));
        self
    }

    /// Relays clients' messages of bytes on this channel to other clients; default: none. The first 16 bytes of a message
    /// are the receiver's client id; in the receiver's inbox they are the sender's.
    ///
    /// Packets wait in the inbox of a client that is away, within the retention of the channel's policy.
    #[must_use]
    pub fn relay<C: ChannelKind>(mut self, channel: C, limits: RelayLimits) -> Self {
        self.relay = Some((channel.wire_id(), limits));
        self
    }
}

impl fmt::Debug for RtcConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RtcConfig")
            .field("signalling", &self.signalling)
            .field("turn", &self.turn)
            .field("relay", &self.relay)
            .finish_non_exhaustive()
    }
}
