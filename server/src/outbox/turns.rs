//! Whose entry is under way in fragments: one of each lane at a time, so that a client needs room for three.

/// Who has the turn in each lane, and who waits for it.
#[derive(Default, Debug)]
pub(super) struct Turns {
    lanes: [Turn; 3],
}

#[derive(Default, Debug)]
struct Turn {
    /// The reader whose entry is under way.
    holder: Option<u32>,
    /// Readers whose next entry is large too, in the order in which they came to it.
    waiting: Vec<u32>,
}

impl Turns {
    fn of(&mut self, lane: usize) -> &mut Turn {
        &mut self.lanes[lane.min(2)]
    }

    /// Whether an entry may begin.
    pub(super) fn is_free(&mut self, lane: usize) -> bool {
        self.of(lane).holder.is_none()
    }

    /// A reader's entry is under way.
    pub(super) fn take(&mut self, lane: usize, slot: u32) {
        self.of(lane).holder = Some(slot);
    }

    /// A reader waits for the turn.
    pub(super) fn wait(&mut self, lane: usize, slot: u32) {
        let waiting = &mut self.of(lane).waiting;
        if !waiting.contains(&slot) {
            waiting.push(slot);
        }
    }

    /// A reader has no entry under way any more. If it had, those who wait are to be asked again: the first of them
    /// that still has a large entry takes the turn.
    pub(super) fn end(&mut self, lane: usize, slot: u32) -> Vec<u32> {
        let turn = self.of(lane);
        if turn.holder != Some(slot) {
            return Vec::new();
        }
        turn.holder = None;
        std::mem::take(&mut turn.waiting)
    }
}
