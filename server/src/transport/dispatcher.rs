//! [`TransportDispatcher`]: the application's end of each path.

use uuid::Uuid;

use super::{TransportError, TransportPacket};

/// Sends packets on the paths to peers. Implemented by the application.
///
/// The methods do not wait: a path that takes no packet now returns an error. They may be called at the same time, and
/// may call the [`TransportManager`](super::TransportManager) or
/// [`RelayController`](crate::relay::RelayController) that calls them.
pub trait TransportDispatcher: Send + Sync {
    /// Sends a packet over the peer's connection to the server.
    ///
    /// # Errors
    /// Returns the reason why the packet was not sent; the caller of
    /// [`route`](super::TransportManager::route) receives it.
    fn send_direct(&self, peer: Uuid, packet: TransportPacket) -> Result<(), TransportError>;

    /// Sends a packet over a connection between peers.
    ///
    /// # Errors
    /// [`TransportError::PathUnavailable`] counts as a failure of the path, and the packet is sent by relay. After any
    /// other error it is not.
    fn send_p2p(&self, peer: Uuid, packet: TransportPacket) -> Result<(), TransportError>;

    /// Sends a packet by relay.
    ///
    /// # Errors
    /// Returns the reason why the packet was not sent; the caller of
    /// [`route`](super::TransportManager::route) receives it.
    fn send_relay(&self, peer: Uuid, packet: TransportPacket) -> Result<(), TransportError>;
}
