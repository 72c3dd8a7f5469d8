//! Epochs of logs in memory, which change exactly when a stream may have lost entries.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use push_wire_shared::position::{Epoch, StreamKey};

/// Removed streams that are remembered one by one (65,536, about 1.5 MiB). Beyond this, all streams without a log get
/// other epochs: a reader that was before the first entry of one is then reset unnecessarily.
const REMEMBERED: usize = 65_536;

/// Epochs of logs. A stream whose log was removed before it held an entry gets the same epoch again, so that a position
/// before its first entry stays valid; one whose log held entries gets another.
#[derive(Clone, Debug)]
pub(crate) struct Epochs {
    seed: u64,
    generation: u64,
    /// Number of removals of a log that held entries, by the hash of its stream.
    removed: HashMap<u64, u32>,
}

impl Epochs {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            generation: 0,
            removed: HashMap::new(),
        }
    }

    /// The epoch of a stream's next log.
    pub(crate) fn of(&self, key: &StreamKey) -> Epoch {
        let stream = self.hash(key);
        let removals = self.removed.get(&stream).copied().unwrap_or(0);
        Epoch(self.hash(&(stream, self.generation, removals)))
    }

    /// Records the removal of a log that held entries.
    pub(crate) fn retire(&mut self, key: &StreamKey) {
        let stream = self.hash(key);
        if self.removed.len() >= REMEMBERED && !self.removed.contains_key(&stream) {
            self.removed.clear();
            self.generation += 1;
            // The new generation serves this stream as well as the others.
            return;
        }
        *self.removed.entry(stream).or_default() += 1;
    }

    fn hash(&self, value: &impl Hash) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.seed, value).hash(&mut hasher);
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use push_wire_shared::position::Scope;

    use super::*;

    fn key(topic: usize) -> StreamKey {
        StreamKey {
            channel: 1,
            scope: Scope::Topic(topic.to_string().into()),
        }
    }

    #[test]
    fn changes_for_the_removed_stream_alone() {
        let mut epochs = Epochs::new(7);
        let (a, b) = (epochs.of(&key(1)), epochs.of(&key(2)));
        assert_ne!(a, b);
        epochs.retire(&key(1));
        assert_ne!(epochs.of(&key(1)), a);
        assert_eq!(epochs.of(&key(2)), b);
    }

    #[test]
    fn never_repeats_however_much_is_removed() {
        let mut epochs = Epochs::new(7);
        let mut seen = HashSet::from([epochs.of(&key(0))]);
        for round in 0..3 {
            epochs.retire(&key(0));
            assert!(seen.insert(epochs.of(&key(0))), "round {round}");
            (1..=REMEMBERED).for_each(|topic| epochs.retire(&key(topic)));
            assert!(epochs.removed.len() <= REMEMBERED);
            assert!(seen.insert(epochs.of(&key(0))), "round {round}");
        }
    }

    #[test]
    fn differs_between_processes() {
        assert_ne!(Epochs::new(1).of(&key(1)), Epochs::new(2).of(&key(1)));
    }
}
