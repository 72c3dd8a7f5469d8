//! Network of one connection: two ordered directions with delay, capacity, loss and an end.

use std::collections::VecDeque;
use std::time::Duration;

use push_wire_shared::time::Moment;

/// Content in transit: the opening, whole messages, the end of the connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Parcel {
    /// The request to open a connection, or the answer that it is open.
    Open,
    /// The bytes of one message.
    Message(Vec<u8>),
    /// The sender closed with this code; `None` is a connection lost without a close frame.
    Close(Option<u16>),
}

impl Parcel {
    fn len(&self) -> usize {
        match self {
            Self::Message(bytes) => bytes.len(),
            Self::Open | Self::Close(_) => 2,
        }
    }
}

/// Behaviour of a direction from now on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pace {
    /// Time from sending to arrival.
    pub latency: Duration,
    /// Bytes that the receiver takes in a second.
    pub bytes_per_second: u32,
}

/// One way of a connection: what is sent arrives in order or, from some moment on, not at all.
#[derive(Debug)]
pub struct Direction {
    pace: Pace,
    in_flight: VecDeque<(Moment, Parcel)>,
    in_flight_bytes: usize,
    /// Nothing overtakes: the next parcel arrives after this.
    last_arrival: Moment,
    dead: bool,
    closed: bool,
}

impl Direction {
    /// An open direction.
    #[must_use]
    pub fn new(now: Moment, pace: Pace) -> Self {
        Self {
            pace,
            in_flight: VecDeque::new(),
            in_flight_bytes: 0,
            last_arrival: now,
            dead: false,
            closed: false,
        }
    }

    /// Sends a parcel. Nothing is sent after a close.
    pub fn send(&mut self, now: Moment, parcel: Parcel) {
        if self.closed {
            return;
        }
        self.closed = matches!(parcel, Parcel::Close(_));
        let len = parcel.len();
        let micros = len as u64 * 1_000_000 / u64::from(self.pace.bytes_per_second.max(1));
        let earliest = (now + self.pace.latency).max(self.last_arrival);
        self.last_arrival = earliest + Duration::from_micros(micros);
        self.in_flight_bytes += len;
        self.in_flight.push_back((self.last_arrival, parcel));
    }

    /// Bytes that were sent and have not arrived: what fills the sender's socket buffer.
    #[must_use]
    pub fn in_flight_bytes(&self) -> usize {
        self.in_flight_bytes
    }

    /// Time at which the next parcel arrives.
    #[must_use]
    pub fn next_arrival(&self) -> Option<Moment> {
        let (arrival, _) = self.in_flight.front().filter(|_| !self.dead)?;
        Some(*arrival)
    }

    /// The next parcel, if it has arrived.
    pub fn receive(&mut self, now: Moment) -> Option<Parcel> {
        self.next_arrival().filter(|&arrival| arrival <= now)?;
        let (_, parcel) = self.in_flight.pop_front()?;
        self.in_flight_bytes -= parcel.len();
        Some(parcel)
    }

    /// From now on nothing arrives, without notice to the sender.
    pub fn kill(&mut self) {
        self.dead = true;
    }

    /// Ends the direction as a TCP reset does: bytes under way are lost, and the receiver is notified after the
    /// latency.
    pub fn cut(&mut self, now: Moment) {
        self.in_flight.clear();
        self.in_flight_bytes = 0;
        self.closed = false;
        self.send(now, Parcel::Close(None));
    }

    /// Sets the behaviour of messages that are sent from now on.
    pub fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
    }

    /// Returns the present behaviour.
    #[must_use]
    pub fn pace(&self) -> Pace {
        self.pace
    }
}

/// Both ways of one connection.
#[derive(Debug)]
pub struct Link {
    /// From the page to the server.
    pub up: Direction,
    /// From the server to the page.
    pub down: Direction,
}

impl Link {
    /// An open connection.
    #[must_use]
    pub fn new(now: Moment, pace: Pace) -> Self {
        Self {
            up: Direction::new(now, pace),
            down: Direction::new(now, pace),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace {
        latency: Duration::from_millis(10),
        bytes_per_second: 1000,
    };

    fn at(ms: u64) -> Moment {
        Moment::after_origin(Duration::from_millis(ms))
    }

    fn message(len: usize) -> Parcel {
        Parcel::Message(vec![7; len])
    }

    #[test]
    fn parcels_arrive_in_order() {
        let mut way = Direction::new(at(0), PACE);
        way.send(at(0), message(100));
        way.send(at(0), message(50));
        assert_eq!(way.next_arrival(), Some(at(110)));
        assert_eq!(way.receive(at(109)), None);
        assert_eq!(way.receive(at(110)), Some(message(100)));
        assert_eq!(way.in_flight_bytes(), 50);
        assert_eq!(way.receive(at(160)), Some(message(50)));
    }

    #[test]
    fn stalled_direction_delivers_nothing() {
        let mut way = Direction::new(at(0), PACE);
        way.send(at(0), message(10));
        way.kill();
        way.send(at(1), message(10));
        assert_eq!(way.receive(at(1_000_000)), None);
        assert_eq!(way.in_flight_bytes(), 20);
    }

    #[test]
    fn cut_loses_messages_in_transit() {
        let mut way = Direction::new(at(0), PACE);
        way.send(at(0), message(10));
        way.cut(at(0));
        assert_eq!(way.receive(at(1000)), Some(Parcel::Close(None)));
        way.send(at(1000), message(10));
        assert_eq!(way.next_arrival(), None);
    }
}
