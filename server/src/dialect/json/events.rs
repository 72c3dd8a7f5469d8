//! Ids of the events that a session's event streams carry (docs/protocol.md section 12.2), and the numbers of the
//! channels at each.

use std::collections::VecDeque;

/// Events kept (4,096, 64 KiB): after a longer interruption an id is not known any more, and is answered with
/// `resume_required`.
const EVENTS: usize = 4_096;

/// Number of an entry, and its channel.
type Numbered = (u8, u64);

/// The newest events of a session.
#[derive(Default, Debug)]
pub(super) struct Events {
    /// Id of the newest event. It grows over the connections of the session.
    newest: u64,
    /// The id before the kept events, if a client may resume after it.
    base: Option<u64>,
    /// The last number of each channel before the kept events.
    numbers: Vec<Numbered>,
    /// The entries of the newest events, whose ids are consecutive.
    kept: VecDeque<Numbered>,
}

impl Events {
    /// The number of each channel after which a client reads on that has seen the event `id` last; `None` if it is not
    /// known.
    pub(super) fn numbers_at(&self, id: u64) -> Option<Vec<Numbered>> {
        let mut numbers = self.numbers.clone();
        if self.base == Some(id) {
            return Some(numbers);
        }
        let older = usize::try_from(self.newest.checked_sub(id)?).ok()?;
        let seen = self
            .kept
            .len()
            .checked_sub(older)
            .filter(|seen| *seen > 0)?;
        for entry in self.kept.iter().take(seen) {
            set(&mut numbers, *entry);
        }
        Some(numbers)
    }

    /// The number of each channel after which a client reads on whose highest number of all channels is this; `None` if
    /// that is not known. Events come in order, so it has all up to the first one at which that was the highest.
    pub(super) fn numbers_at_highest(&self, highest: u64) -> Option<Vec<Numbered>> {
        let highest_of = |numbers: &[Numbered]| numbers.iter().map(|(_, number)| *number).max();
        let mut numbers = self.numbers.clone();
        let mut kept = self.kept.iter();
        while highest_of(&numbers).unwrap_or_default() < highest {
            set(&mut numbers, *kept.next()?);
        }
        (highest_of(&numbers) == Some(highest)).then_some(numbers)
    }

    /// Begins a connection that reads on after these numbers. `resumed` is the id that it resumes after.
    pub(super) fn begin(&mut self, resumed: Option<u64>, numbers: Vec<Numbered>) {
        self.base = resumed;
        self.numbers = numbers;
        // Numbers after these are given again, so later ids prove nothing.
        self.kept = VecDeque::new();
    }

    /// Records that an entry is sent. Returns the id of its event.
    pub(super) fn add(&mut self, channel: u8, number: u64) -> u64 {
        if self.kept.len() == EVENTS
            && let Some(oldest) = self.kept.pop_front()
        {
            set(&mut self.numbers, oldest);
            self.base = Some(self.newest - self.kept.len() as u64);
        }
        self.kept.push_back((channel, number));
        self.newest += 1;
        self.newest
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
    fn ids_after_the_resumed_one_are_not_known() {
        let mut events = begun();
        (6..9).for_each(|number| assert!(events.add(1, number) > 0));
        let numbers = events.numbers_at(1).unwrap();
        events.begin(Some(1), numbers.clone());
        assert_eq!(events.numbers_at(1), Some(numbers));
        assert_eq!((events.numbers_at(2), events.numbers_at(3)), (None, None));
        assert_eq!(events.add(1, 7), 4);
        assert_eq!(events.numbers_at(4), Some(vec![(1, 7), (2, 0)]));
        assert_eq!(events.numbers_at(3), None);
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
        assert_eq!(events.kept.len(), EVENTS);
        assert_eq!(events.numbers_at(9), None);
        assert_eq!(events.numbers_at(10), Some(vec![(1, 5), (2, 10)]));
        assert_eq!(events.numbers_at(last), Some(vec![(1, 5), (2, last)]));
    }
}
