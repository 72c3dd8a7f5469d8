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
    /// Readers that wait for the slot because their next entry is large, first come first.
    waiting: Vec<u32>,
}

impl FragmentSlots {
    fn of(&mut self, lane: usize) -> &mut FragmentSlot {
        &mut self.lanes[lane.min(2)]
    }

    /// Returns whether the lane's slot is free.
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

    /// Frees the slot if this reader holds it. Returns the readers that waited for it; the first of them that still has
    /// a large entry takes it.
    pub(super) fn release(&mut self, lane: usize, reader: u32) -> Vec<u32> {
        let slot = self.of(lane);
        if slot.holder != Some(reader) {
            return Vec::new();
        }
        slot.holder = None;
        std::mem::take(&mut slot.waiting)
    }
}
