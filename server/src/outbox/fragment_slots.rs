//! Fragment slots: the entries of a connection that are being sent in fragments, one per lane, so that a client
//! needs room for three.

/// The fragment slot of each lane.
#[derive(Default, Debug)]
pub(super) struct FragmentSlots {
    lanes: [FragmentSlot; 3],
}

#[derive(Default, Debug)]
struct FragmentSlot {
    /// The reader whose entry is being sent.
    holder: Option<u32>,
    /// Readers whose next entry is large too, in the order in which they came to it.
    waiting: Vec<u32>,
}

impl FragmentSlots {
    fn of(&mut self, lane: usize) -> &mut FragmentSlot {
        &mut self.lanes[lane.min(2)]
    }

    /// Returns whether a large entry of this lane may begin.
    pub(super) fn is_free(&mut self, lane: usize) -> bool {
        self.of(lane).holder.is_none()
    }

    /// Gives the lane's slot to a reader whose entry is being sent.
    pub(super) fn take(&mut self, lane: usize, reader: u32) {
        self.of(lane).holder = Some(reader);
    }

    /// Records that a reader waits for the lane's slot.
    pub(super) fn wait(&mut self, lane: usize, reader: u32) {
        let waiting = &mut self.of(lane).waiting;
        if !waiting.contains(&reader) {
            waiting.push(reader);
        }
    }

    /// Takes the slot back from a reader that sends no large entry any more. Returns the readers that waited for
    /// it, if the reader held it: the first of them that still has a large entry is to take it.
    pub(super) fn release(&mut self, lane: usize, reader: u32) -> Vec<u32> {
        let slot = self.of(lane);
        if slot.holder != Some(reader) {
            return Vec::new();
        }
        slot.holder = None;
        std::mem::take(&mut slot.waiting)
    }
}
