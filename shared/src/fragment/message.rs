//! A message some of whose fragments have arrived.

use alloc::vec::Vec;

use uuid::Uuid;

use super::{FragmentError, FragmentShard};
use crate::time::Moment;

/// Memory of a fragment beside its payload, however small that is.
const PIECE_OVERHEAD_BYTES: usize = 64;

#[derive(Debug)]
pub(super) struct Message {
    pub(super) id: Uuid,
    /// Arrival of the first fragment.
    pub(super) begun: Moment,
    /// Memory held, payloads and overhead.
    pub(super) held_bytes: usize,
    total: u16,
    /// Sorted by index; grows as fragments arrive, never by what one announces.
    fragments: Vec<(u16, Vec<u8>)>,
}

impl Message {
    pub(super) fn new(id: Uuid, total: u16, begun: Moment) -> Self {
        Self {
            id,
            begun,
            held_bytes: 0,
            total,
            fragments: Vec::new(),
        }
    }

    /// Memory that a fragment will hold.
    pub(super) fn cost(shard: &FragmentShard) -> usize {
        shard.payload.len() + PIECE_OVERHEAD_BYTES
    }

    /// Takes a fragment that [`check`](Self::check) let pass.
    pub(super) fn add(&mut self, shard: FragmentShard) {
        self.held_bytes += Self::cost(&shard);
        match self.place(shard.index) {
            Ok(place) => self.fragments[place].1 = shard.payload,
            Err(place) => self.fragments.insert(place, (shard.index, shard.payload)),
        }
    }

    /// Checks that a fragment fits those before it.
    pub(super) fn check(&self, shard: &FragmentShard) -> Result<(), FragmentError> {
        if shard.total != self.total {
            return Err(FragmentError::TotalMismatch);
        }
        let Ok(place) = self.place(shard.index) else {
            return Ok(());
        };
        let (index, total) = (shard.index, shard.total);
        if self.fragments[place].1 == shard.payload {
            Err(FragmentError::Duplicate { index, total })
        } else {
            Err(FragmentError::Conflict { index })
        }
    }

    pub(super) fn is_whole(&self) -> bool {
        self.fragments.len() == usize::from(self.total)
    }

    /// The payload, once it is whole.
    pub(super) fn join(self) -> Vec<u8> {
        let mut whole =
            Vec::with_capacity(self.fragments.iter().map(|(_, bytes)| bytes.len()).sum());
        for (_, bytes) in self.fragments {
            whole.extend_from_slice(&bytes);
        }
        whole
    }

    /// Place of the fragment, or the one that it belongs at. Nearly always at the end: fragments come in order.
    fn place(&self, index: u16) -> Result<usize, usize> {
        match self.fragments.last() {
            Some((last, _)) if *last < index => Err(self.fragments.len()),
            _ => self
                .fragments
                .binary_search_by_key(&index, |(index, _)| *index),
        }
    }
}
