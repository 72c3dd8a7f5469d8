//! Simulated network link of one connection: two ordered directions with latency, throughput, loss and an end.

use std::collections::VecDeque;
use std::time::Duration;

use push_wire_shared::time::Moment;

/// Packet in transit: the opening request or its answer, a whole message, or the end of the connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Packet {
    /// The request to open a connection, or the answer that it is open.
    Open,
    /// The bytes of one message.
    Message(Vec<u8>),
    /// The sender closed with this code; `None` is a connection lost without a close frame.
    Close(Option<u16>),
}

impl Packet {
    fn len(&self) -> usize {
        match self {
            Self::Message(bytes) => bytes.len(),
            Self::Open | Self::Close(_) => 2,
        }
    }
}

/// Latency and throughput of one direction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NetworkConditions {
    /// Time from sending to arrival.
    pub latency: Duration,
    /// Throughput, in bytes per second.
    pub bytes_per_second: u32,
}

/// One direction of a link: packets arrive in order or, from some moment on, not at all.
#[derive(Debug)]
pub struct Direction {
    conditions: NetworkConditions,
    in_flight: VecDeque<(Moment, Packet)>,
    in_flight_bytes: usize,
    /// Arrival of the packet sent last; later ones arrive after it.
    last_arrival: Moment,
    dead: bool,
    closed: bool,
}

impl Direction {
    /// An open direction.
    #[must_use]
    pub fn new(now: Moment, conditions: NetworkConditions) -> Self {
        Self {
            conditions,
            in_flight: VecDeque::new(),
            in_flight_bytes: 0,
            last_arrival: now,
            dead: false,
            closed: false,
        }
    }

    /// Sends a packet. One that follows a close is dropped.
    pub fn send(&mut self, now: Moment, packet: Packet) {
        if self.closed {
            return;
        }
        self.closed = matches!(packet, Packet::Close(_));
        let len = packet.len();
        let micros = len as u64 * 1_000_000 / u64::from(self.conditions.bytes_per_second.max(1));
        let earliest = (now + self.conditions.latency).max(self.last_arrival);
        self.last_arrival = earliest + Duration::from_micros(micros);
        self.in_flight_bytes += len;
        self.in_flight.push_back((self.last_arrival, packet));
    }

    /// Bytes that were sent and have not arrived. They occupy the sender's socket buffer.
    #[must_use]
    pub fn in_flight_bytes(&self) -> usize {
        self.in_flight_bytes
    }

    /// Time at which the next packet arrives.
    #[must_use]
    pub fn next_arrival(&self) -> Option<Moment> {
        let (arrival, _) = self.in_flight.front().filter(|_| !self.dead)?;
        Some(*arrival)
    }

    /// The next packet, if it has arrived.
    pub fn receive(&mut self, now: Moment) -> Option<Packet> {
        self.next_arrival().filter(|&arrival| arrival <= now)?;
        let (_, packet) = self.in_flight.pop_front()?;
        self.in_flight_bytes -= packet.len();
        Some(packet)
    }

    /// Drops all packets from now on, without notice to the sender.
    pub fn kill(&mut self) {
        self.dead = true;
    }

    /// Ends the direction as a TCP reset does: bytes in flight are lost, and the receiver is notified after the
    /// latency.
    pub fn cut(&mut self, now: Moment) {
        self.in_flight.clear();
        self.in_flight_bytes = 0;
        self.closed = false;
        self.send(now, Packet::Close(None));
    }

    /// Sets latency and throughput of packets that are sent from now on.
    pub fn set_network(&mut self, conditions: NetworkConditions) {
        self.conditions = conditions;
    }

    /// Returns the present latency and throughput.
    #[must_use]
    pub fn conditions(&self) -> NetworkConditions {
        self.conditions
    }
}

/// Both directions of one connection.
#[derive(Debug)]
pub struct Link {
    /// From the page to the server.
    pub up: Direction,
    /// From the server to the page.
    pub down: Direction,
}

impl Link {
    /// A link on which nothing was sent.
    #[must_use]
    pub fn new(now: Moment, conditions: NetworkConditions) -> Self {
        Self {
            up: Direction::new(now, conditions),
            down: Direction::new(now, conditions),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONDITIONS: NetworkConditions = NetworkConditions {
        latency: Duration::from_millis(10),
        bytes_per_second: 1000,
    };

    fn at(ms: u64) -> Moment {
        Moment::after_origin(Duration::from_millis(ms))
    }

    fn message(len: usize) -> Packet {
        Packet::Message(vec![7; len])
    }

    #[test]
    fn parcels_arrive_in_order() {
        let mut direction = Direction::new(at(0), CONDITIONS);
        direction.send(at(0), message(100));
        direction.send(at(0), message(50));
        assert_eq!(direction.next_arrival(), Some(at(110)));
        assert_eq!(direction.receive(at(109)), None);
        assert_eq!(direction.receive(at(110)), Some(message(100)));
        assert_eq!(direction.in_flight_bytes(), 50);
        assert_eq!(direction.receive(at(160)), Some(message(50)));
    }

    #[test]
    fn dead_direction_delivers_nothing() {
        let mut direction = Direction::new(at(0), CONDITIONS);
        direction.send(at(0), message(10));
        direction.kill();
        direction.send(at(1), message(10));
        assert_eq!(direction.receive(at(1_000_000)), None);
        assert_eq!(direction.in_flight_bytes(), 20);
    }

    #[test]
    fn cut_loses_messages_in_transit() {
        let mut direction = Direction::new(at(0), CONDITIONS);
        direction.send(at(0), message(10));
        direction.cut(at(0));
        assert_eq!(direction.receive(at(1000)), Some(Packet::Close(None)));
        direction.send(at(1000), message(10));
        assert_eq!(direction.next_arrival(), None);
    }
}
