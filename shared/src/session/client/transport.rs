//! Choice of the transport of each attempt.

use core::time::Duration;

use crate::limits::{
    TRANSPORT_FAILURES, TRANSPORT_RETURN, TRANSPORT_RETURN_MAX, TRANSPORT_SETTLED,
};
use crate::time::Moment;

/// Transport of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Transport {
    /// A WebSocket.
    WebSocket,
    /// An event stream, with POST requests (docs/event-streams.md).
    EventStream,
}

/// Transports that a client tries.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TransportPreference {
    /// WebSocket, and SSE where that is blocked.
    #[default]
    WsFirst,
    /// SSE, and WebSocket where that is blocked.
    SseFirst,
    /// WebSocket only.
    WsOnly,
    /// SSE only.
    SseOnly,
}

impl TransportPreference {
    /// The transport that is tried first.
    #[must_use]
    pub const fn first(self) -> Transport {
        match self {
            Self::WsFirst | Self::WsOnly => Transport::WebSocket,
            Self::SseFirst | Self::SseOnly => Transport::EventStream,
        }
    }

    /// The transport that is tried where the first one is blocked.
    #[must_use]
    pub const fn second(self) -> Option<Transport> {
        match self {
            Self::WsFirst => Some(Transport::EventStream),
            Self::SseFirst => Some(Transport::WebSocket),
            Self::WsOnly | Self::SseOnly => None,
        }
    }
}

/// The transport of a session's attempts: the preferred one, the other after failures, and the preferred one again
/// later.
#[derive(Debug)]
pub(super) struct Transports {
    preference: TransportPreference,
    current: Transport,
    /// Connections of the current transport that failed in a row.
    failures: u32,
    /// The server has accepted a handshake.
    has_worked: bool,
    /// The second transport has worked, and one attempt with the first is being made.
    is_trial: bool,
    /// Time on the second transport after which the first is tried again.
    wait: Duration,
    /// Time at which the first transport is tried again.
    return_at: Option<Moment>,
}

impl Transports {
    pub(super) const fn new(preference: TransportPreference) -> Self {
        Self {
            preference,
            current: preference.first(),
            failures: 0,
            has_worked: false,
            is_trial: false,
            wait: TRANSPORT_RETURN,
            return_at: None,
        }
    }

    /// The transport of the current or next connection.
    pub(super) const fn current(&self) -> Transport {
        self.current
    }

    /// The transport for an attempt that begins now.
    pub(super) fn choose(&mut self, now: Moment) -> Transport {
        if self.return_at.is_some_and(|at| at <= now) {
            self.try_first();
        }
        self.current
    }

    /// Time at which a connection of the second transport is given up for the first.
    pub(super) const fn return_at(&self) -> Option<Moment> {
        self.return_at
    }

    /// Tries the first transport again.
    pub(super) fn try_first(&mut self) {
        self.return_at = None;
        self.is_trial = true;
        self.failures = 0;
        self.current = self.preference.first();
    }

    /// Records that the server has accepted the handshake.
    pub(super) const fn opened(&mut self) {
        self.has_worked = true;
    }

    /// Records that a connection was lost, or could not be opened, without a message of the server; `lasted` is the time for
    /// which it was usable.
    pub(super) fn failed(&mut self, now: Moment, lasted: Option<Duration>) {
        if lasted.is_some_and(|time| time >= TRANSPORT_SETTLED) {
            return self.worked();
        }
        self.failures += 1;
        // The first connection of all should not wait for further attempts on a transport that does not open.
        let is_first = !self.has_worked && lasted.is_none();
        if self.failures < TRANSPORT_FAILURES && !self.is_trial && !is_first {
            return;
        }
        let Some(second) = self.preference.second() else {
            return;
        };
        self.failures = 0;
        if self.current == second {
            // Neither works: the network is more likely to blame than the transport.
            self.current = self.preference.first();
            self.return_at = None;
            return;
        }
        if core::mem::take(&mut self.is_trial) {
            self.wait = self.wait.saturating_mul(2).min(TRANSPORT_RETURN_MAX);
        }
        self.current = second;
        self.return_at = Some(now + self.wait);
    }

    /// Records that the server ended the connection, or that it lasted: the transport works.
    pub(super) fn worked(&mut self) {
        self.failures = 0;
        if self.current == self.preference.first() {
            self.is_trial = false;
            self.wait = TRANSPORT_RETURN;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Option<Duration> = Some(Duration::from_secs(1));
    const LONG: Option<Duration> = Some(TRANSPORT_SETTLED);

    fn at(seconds: u64) -> Moment {
        Moment::after_origin(Duration::from_secs(seconds))
    }

    #[test]
    fn moves_after_failures_in_a_row() {
        for lasted in [None, SHORT] {
            let mut transports = Transports::new(TransportPreference::WsFirst);
            transports.opened();
            transports.failed(at(0), lasted);
            assert_eq!(transports.choose(at(0)), Transport::WebSocket);
            transports.failed(at(1), lasted);
            assert_eq!(transports.choose(at(1)), Transport::EventStream);
        }
    }

    #[test]
    fn lasting_connections_are_no_failures() {
        let mut transports = Transports::new(TransportPreference::WsFirst);
        for time in 0..10 {
            transports.failed(at(time), SHORT);
            transports.failed(at(time), LONG);
        }
        assert_eq!(transports.choose(at(10)), Transport::WebSocket);
    }

    #[test]
    fn returns_later_and_less_often() {
        let mut transports = Transports::new(TransportPreference::WsFirst);
        transports.failed(at(0), None);
        let minutes = [5, 10, 20, 40, 60, 60];
        let mut now = 0;
        for minutes in minutes {
            let due = at(now + minutes * 60);
            assert_eq!(transports.return_at(), Some(due));
            assert_eq!(
                transports.choose(at(now + minutes * 60 - 1)),
                Transport::EventStream
            );
            assert_eq!(transports.choose(due), Transport::WebSocket);
            now += minutes * 60;
            // One failure decides a trial.
            transports.failed(at(now), None);
            assert_eq!(transports.current(), Transport::EventStream);
        }
        transports.try_first();
        transports.opened();
        transports.worked();
        assert_eq!(
            (transports.choose(at(now)), transports.return_at()),
            (Transport::WebSocket, None)
        );
        transports.failed(at(now), None);
        assert_eq!(transports.current(), Transport::WebSocket);
    }

    #[test]
    fn only_one_transport_is_kept_to() {
        for (preference, transport) in [
            (TransportPreference::WsOnly, Transport::WebSocket),
            (TransportPreference::SseOnly, Transport::EventStream),
        ] {
            let mut transports = Transports::new(preference);
            (0..10).for_each(|time| transports.failed(at(time), None));
            assert_eq!(transports.choose(at(100_000)), transport);
        }
    }

    #[test]
    fn both_are_tried_in_turn_without_network() {
        let mut transports = Transports::new(TransportPreference::SseFirst);
        let mut tried = alloc::vec::Vec::new();
        for time in 0..4 {
            tried.push(transports.choose(at(time)));
            transports.failed(at(time), None);
        }
        let [sse, ws] = [Transport::EventStream, Transport::WebSocket];
        assert_eq!(tried, [sse, ws, sse, ws]);
    }
}
