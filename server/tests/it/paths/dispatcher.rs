//! A dispatcher that records what it sends and does what a test tells it.

use std::sync::Mutex;

use push_wire_server::{
    TransportDispatcher, TransportError, TransportPacket, TransportRoute, Uuid,
};

type Answer<'a> = dyn Fn(TransportRoute) -> Result<(), TransportError> + Send + Sync + 'a;

/// Answers each packet by a function, and records the packets that it has accepted.
pub(super) struct Recorder<'a> {
    answer: Box<Answer<'a>>,
    sent: Mutex<Vec<(TransportRoute, Uuid, Option<u64>)>>,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(
        answer: impl Fn(TransportRoute) -> Result<(), TransportError> + Send + Sync + 'a,
    ) -> Self {
        Self {
            answer: Box::new(answer),
            sent: Mutex::default(),
        }
    }

    /// Route, receiver and cursor of each packet that was accepted.
    pub(super) fn sent(&self) -> Vec<(TransportRoute, Uuid, Option<u64>)> {
        self.sent.lock().unwrap().clone()
    }

    /// Routes of the packets that were accepted.
    pub(super) fn routes(&self) -> Vec<TransportRoute> {
        self.sent().into_iter().map(|(route, _, _)| route).collect()
    }

    fn take(
        &self,
        route: TransportRoute,
        peer: Uuid,
        packet: &TransportPacket,
    ) -> Result<(), TransportError> {
        (self.answer)(route)?;
        self.sent.lock().unwrap().push((route, peer, packet.cursor));
        Ok(())
    }
}

impl TransportDispatcher for Recorder<'_> {
    fn send_direct(&self, peer: Uuid, packet: TransportPacket) -> Result<(), TransportError> {
        self.take(TransportRoute::Direct, peer, &packet)
    }

    fn send_p2p(&self, peer: Uuid, packet: TransportPacket) -> Result<(), TransportError> {
        self.take(TransportRoute::P2p, peer, &packet)
    }

    fn send_relay(&self, peer: Uuid, packet: TransportPacket) -> Result<(), TransportError> {
        self.take(TransportRoute::Relay, peer, &packet)
    }
}

/// Answer of a network in which peers cannot reach each other.
pub(super) fn without_p2p(route: TransportRoute) -> Result<(), TransportError> {
    match route {
        TransportRoute::P2p => Err(TransportError::PathUnavailable("no connection")),
        TransportRoute::Direct | TransportRoute::Relay => Ok(()),
    }
}
