//! Ids of the events that a session's event streams carry (docs/event-streams.md section 2), and the numbers of the
//! channels at each.

use std::collections::VecDeque;

/// Events kept (4,096, 64 KiB): after a longer interruption an id is not known any more, and is answered with
/// `resume_required`.
const EVENTS: usize = 4_096;

/// Connections whose events are kept (16), each with a number for each channel: an `EventSource` resumes after an event
/// of its last connection, which attempts that arrive late may follow.
const CONNECTIONS: usize = 16;

/// Number of an entry, and its channel.
type Numbered = (u8, u64);

/// The newest events of a session.
#[derive(Default, Debug)]
pub(super) struct Events {
    /// Id of the newest event. It grows over the connections of the session.
    newest: u64,
    /// Highest number of all channels that was sent at an unknown place between the others.
    unordered: u64,
    /// Kept events of all connections.
    kept: usize,
    /// The newest connections, in their order.
    connections: VecDeque<Sent>,
}

/// The newest events of one connection.
#[derive(Debug)]
struct Sent {
    /// Id of the event that has the numbers below: one that the connection resumed after, or sent.
    base: Option<u64>,
    /// Id before the first kept event.
    before: u64,
    /// The last number of each channel before the kept events.
    numbers: Vec<Numbered>,
    /// The entries of the newest events, whose ids are consecutive.
    entries: VecDeque<Numbered>,
}

impl Events {
    /// The number of each channel after which a client reads on that has seen the event `id` last; `None` if it is not
    /// known.
    pub(super) fn numbers_at(&self, id: u64) -> Option<Vec<Numbered>> {
        let mut connections = self.connections.iter().rev();
        connections.find_map(|sent| sent.numbers_at(id))
    }

    /// The number of each channel after which a client reads on whose highest number of all channels is this; `None` if
    /// that is not known. Events come in order, so it has all up to the first one at which that was the highest. On which
    /// connection that was is not known: the lowest numbers count.
    pub(super) fn numbers_at_highest(&self, highest: u64) -> Option<Vec<Numbered>> {
        if highest <= self.unordered {
            return None;
        }
        let connections = self.connections.iter();
        let known = connections.filter_map(|sent| sent.numbers_at_highest(highest));
        known.reduce(|first, second| {
            let lower = |(channel, number): Numbered| {
                let other = second.iter().find(|(other, _)| *other == channel);
                (channel, other.map_or(0, |(_, other)| number.min(*other)))
            };
            first.into_iter().map(lower).collect()
        })
    }

    /// Begins a connection that reads on after these numbers. `resumed` is the id that it resumes after.
    pub(super) fn begin(&mut self, resumed: Option<u64>, numbers: Vec<Numbered>) {
        self.connections.retain(|sent| !sent.entries.is_empty());
        if self.connections.len() == CONNECTIONS
            && let Some(oldest) = self.connections.pop_front()
        {
            self.kept -= oldest.entries.len();
            oldest.entries.iter().for_each(|one| self.note_other(one.1));
        }
        self.connections.push_back(Sent {
            base: resumed,
            before: self.newest,
            numbers,
            entries: VecDeque::new(),
        });
    }

    /// Records that an entry is sent otherwise than as an event, or that its event is not kept.
    pub(super) fn note_other(&mut self, number: u64) {
        self.unordered = self.unordered.max(number);
    }

    /// Records that an entry is sent. Returns the id of its event.
    pub(super) fn add(&mut self, channel: u8, number: u64) -> u64 {
        if self.kept == EVENTS {
            self.forget_oldest();
        }
        if let Some(sent) = self.connections.back_mut() {
            sent.entries.push_back((channel, number));
            self.kept += 1;
        }
        self.newest += 1;
        self.newest
    }

    fn forget_oldest(&mut self) {
        while self.connections.len() > 1
            && let Some(oldest) = self.connections.front()
            && oldest.entries.is_empty()
        {
            self.connections.pop_front();
        }
        let oldest = self.connections.front_mut();
        if let Some((_, number)) = oldest.and_then(Sent::forget_oldest) {
            self.kept -= 1;
            self.note_other(number);
        }
    }
}

impl Sent {
    fn numbers_at(&self, id: u64) -> Option<Vec<Numbered>> {
        if self.base == Some(id) {
            return Some(self.numbers.clone());
        }
        let seen = usize::try_from(id.checked_sub(self.before)?).ok()?;
        let is_known = (1..=self.entries.len()).contains(&seen);
        is_known.then(|| {
            let mut numbers = self.numbers.clone();
            let entries = self.entries.iter().take(seen);
            entries.for_each(|entry| set(&mut numbers, *entry));
            numbers
        })
    }

    fn numbers_at_highest(&self, highest: u64) -> Option<Vec<Numbered>> {
        let highest_of = |numbers: &[Numbered]| numbers.iter().map(|(_, number)| *number).max();
        let mut numbers = self.numbers.clone();
        let mut kept = self.entries.iter();
        while highest_of(&numbers).unwrap_or_default() < highest {
            set(&mut numbers, *kept.next()?);
        }
        (highest_of(&numbers) == Some(highest)).then_some(numbers)
    }

    fn forget_oldest(&mut self) -> Option<Numbered> {
        let oldest = self.entries.pop_front()?;
        set(&mut self.numbers, oldest);
        self.before += 1;
        self.base = Some(self.before);
        Some(oldest)
    }
}

fn set(numbers: &mut Vec<Numbered>, (channel, number): Numbered) {
    match numbers.iter_mut().find(|(known, _)| *known == channel) {
        Some((_, known)) => *known = number,
        None => numbers.push((channel, number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun() -> Events {
        let mut events = Events::default();
        events.begin(None, vec![(1, 5), (2, 0)]);
        events
    }

    #[test]
    fn id_stands_for_numbers_of_all_channels() {
        let mut events = begun();
        let ids = [(1, 6), (2, 1), (1, 7)].map(|(channel, number)| events.add(channel, number));
        assert_eq!(ids, [1, 2, 3]);
        assert_eq!(events.numbers_at(1), Some(vec![(1, 6), (2, 0)]));
        assert_eq!(events.numbers_at(2), Some(vec![(1, 6), (2, 1)]));
        assert_eq!(events.numbers_at(3), Some(vec![(1, 7), (2, 1)]));
        assert_eq!(events.numbers_at(0), None);
        assert_eq!(events.numbers_at(4), None);
    }

    #[test]
    fn ids_stay_known_over_connections() {
        let mut events = begun();
        (6..9).for_each(|number| assert!(events.add(1, number) > 0));
        let numbers = events.numbers_at(1).unwrap();
        events.begin(Some(1), numbers.clone());
        assert_eq!(events.numbers_at(1), Some(numbers));
        assert_eq!(events.add(1, 7), 4);
        assert_eq!(events.numbers_at(4), Some(vec![(1, 7), (2, 0)]));
        assert_eq!(events.numbers_at(3), Some(vec![(1, 8), (2, 0)]));
        for _ in 0..CONNECTIONS {
            events.begin(None, vec![(1, 8), (2, 0)]);
            events.add(2, 1);
        }
        assert_eq!(events.numbers_at(3), None);
        assert_eq!(events.connections.len(), CONNECTIONS);
    }

    #[test]
    fn highest_number_is_of_any_connection() {
        let mut events = begun();
        for (channel, number) in [(2, 1), (1, 6), (2, 2)] {
            events.add(channel, number);
        }
        // A late attempt is sent the same in another order.
        events.begin(None, vec![(1, 0), (2, 0)]);
        (1..=6).for_each(|number| assert!(events.add(1, number) > 0));
        (1..=2).for_each(|number| assert!(events.add(2, number) > 0));
        assert_eq!(events.numbers_at_highest(6), Some(vec![(1, 6), (2, 0)]));
        events.note_other(6);
        assert_eq!(events.numbers_at_highest(6), None);
        events.add(1, 7);
        assert_eq!(events.numbers_at_highest(7), Some(vec![(1, 7), (2, 2)]));
    }

    #[test]
    fn highest_number_proves_what_came_before_it() {
        let mut events = begun();
        for (channel, number) in [(2, 1), (1, 6), (2, 2), (1, 7), (2, 3)] {
            events.add(channel, number);
        }
        assert_eq!(events.numbers_at_highest(5), Some(vec![(1, 5), (2, 0)]));
        assert_eq!(events.numbers_at_highest(6), Some(vec![(1, 6), (2, 1)]));
        assert_eq!(events.numbers_at_highest(7), Some(vec![(1, 7), (2, 2)]));
        assert_eq!(events.numbers_at_highest(8), None);
        assert_eq!(events.numbers_at_highest(4), None);
    }

    #[test]
    fn kept_events_are_bounded() {
        let mut events = begun();
        let last = EVENTS as u64 + 10;
        (1..=last).for_each(|number| assert_eq!(events.add(2, number), number));
        assert_eq!(events.kept, EVENTS);
        assert_eq!(events.numbers_at(9), None);
        assert_eq!(events.numbers_at(10), Some(vec![(1, 5), (2, 10)]));
        assert_eq!(events.numbers_at(last), Some(vec![(1, 5), (2, last)]));
    }
}
