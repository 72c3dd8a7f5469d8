//! Events on their way, in the order of their times.

use std::collections::BTreeMap;
use std::time::Duration;

use push_wire_shared::rtc::RtcMessage;
use push_wire_shared::rtc::peer::PeerPacket;
use push_wire_shared::time::Moment;
use push_wire_shared::transport::TransportRoute;

/// Event for one of the two sides.
#[derive(Debug)]
pub(super) enum Event {
    /// A signalling message, which the server holds while it is away.
    Signal(RtcMessage),
    /// The description of an attempt is ready.
    Described(u64),
    /// A candidate of an attempt is found.
    Candidate(u64),
    /// A packet over the relay, or over the connection of an attempt.
    Packet(Option<u64>, PeerPacket),
    Opened(u64),
    Closed(u64),
}

impl Event {
    /// Path of a packet.
    pub(super) const fn route(attempt: Option<u64>) -> TransportRoute {
        match attempt {
            Some(_) => TransportRoute::P2p,
            None => TransportRoute::Relay,
        }
    }
}

/// Events by time, then by the order in which they were scheduled.
#[derive(Debug, Default)]
pub(super) struct Network {
    events: BTreeMap<(Moment, u64), (usize, Event)>,
    scheduled: u64,
    /// Time of the last event on each ordered path, by name and receiver.
    last: BTreeMap<(&'static str, usize), Moment>,
}

impl Network {
    /// Schedules an event for a side.
    pub(super) fn at(&mut self, time: Moment, side: usize, event: Event) {
        self.scheduled += 1;
        self.events.insert((time, self.scheduled), (side, event));
    }

    /// Schedules an event behind the others of an ordered path.
    pub(super) fn in_order(
        &mut self,
        path: &'static str,
        (now, delay): (Moment, Duration),
        side: usize,
        event: Event,
    ) {
        let last = self.last.entry((path, side)).or_default();
        let time = (now + delay).max(*last);
        *last = time;
        self.at(time, side, event);
    }

    /// Time of the next event.
    pub(super) fn next_time(&self) -> Option<Moment> {
        self.events.keys().next().map(|&(time, _)| time)
    }

    /// Takes the next event.
    pub(super) fn pop(&mut self) -> Option<(usize, Event)> {
        self.events.pop_first().map(|(_, event)| event)
    }

    /// Drops the events of a side that has restarted. What waits for it at the server stays.
    pub(super) fn restart(&mut self, side: usize) {
        self.events.retain(|_, (receiver, event)| {
            *receiver != side || matches!(event, Event::Signal(_) | Event::Packet(None, _))
        });
    }

    /// Drops the packets on the way over the connection of an attempt.
    pub(super) fn cut(&mut self, attempt: u64) {
        self.events
            .retain(|_, (_, event)| !matches!(event, Event::Packet(Some(a), _) if *a == attempt));
    }
}
