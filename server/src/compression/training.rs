//! Training of a dictionary from samples, and the decision whether it is worth its download.
//!
//! The cost of a choice is what a reader downloads over the expected number of messages: the dictionary, unless readers
//! have it already, and the messages compressed with it. A new dictionary is used only if it costs less than the
//! present one, or than none. So a channel whose messages change gets another dictionary as soon as that saves bytes,
//! and one whose messages do not change keeps the first.

use std::sync::Arc;

use push_wire_shared::compression::CompressionDictionary;
use push_wire_shared::compression::native::{Compressor, PreparedDictionary, train_dictionary};

use super::Dictionary;

/// Largest dictionary (12 KiB): 16 KiB serve no better, since above 15 KiB zstd chooses settings that are made for larger
/// messages.
const MAX_BYTES: usize = 12 * 1024;

/// A smaller dictionary is tried beside the largest one: this part of its size (a third). With messages of some hundred
/// bytes it is often within 3 % as good, for a third of the download.
const SMALL_PART: usize = 3;

/// Smallest ratio of sample bytes to dictionary bytes (5): with fewer samples a dictionary holds them rather than what
/// they have in common.
const SAMPLES_PER_BYTE: usize = 5;

/// Smallest dictionary (1 KiB): smaller ones save too little.
const MIN_BYTES: usize = 1024;

/// Divisor of the holdout (5): the newest fifth of the samples is left out of the training and measures its result,
/// since a dictionary serves messages newer than its samples.
const HOLDOUT_PART: usize = 5;

/// Messages that a dictionary is expected to serve, as a multiple of those published so far (4). A channel with many
/// messages is likely to have as many again, and only present readers pay for a change: later ones download either
/// dictionary. With 4 rather than 1 a channel's first thousand messages cost up to 8 % more, and later ones 5 % less
/// where they keep changing (commits of this repository, as JSON).
const EXPECTED: u64 = 4;

/// Samples of a channel's entries, and its present dictionary, which a new one has to improve on.
#[derive(Debug)]
pub(super) struct Training {
    /// Oldest first.
    pub(super) samples: Vec<Arc<[u8]>>,
    /// Number of messages published on the channel so far.
    pub(super) passed: u64,
    pub(super) current: Option<Arc<Dictionary>>,
}

impl Training {
    /// Trains; returns the bytes of a dictionary that is worth its download. Takes 0.1 to 0.5 s.
    pub(super) fn run(&self) -> Option<Vec<u8>> {
        let samples: Vec<&[u8]> = self.samples.iter().map(|sample| &**sample).collect();
        let (training_set, holdout) =
            samples.split_at(samples.len() - samples.len() / HOLDOUT_PART);
        let keeping = self.cost(
            holdout,
            0,
            self.current.as_deref().map(Dictionary::prepared),
        );
        let tried = sizes(training_set).filter_map(|size| {
            let dictionary = train(training_set, size)?;
            let prepared = PreparedDictionary::new(&dictionary).ok()?;
            let cost = self.cost(holdout, dictionary.bytes.len(), Some(&prepared));
            Some((cost, size))
        });
        let (cost, size) = tried.min()?;
        if cost >= keeping {
            return None;
        }
        // The comparison with the holdout is done: the newest samples belong in the dictionary.
        Some(train(&samples, size)?.bytes)
    }

    /// Bytes that a reader downloads over the expected messages, times the number of messages in the holdout.
    fn cost(
        &self,
        holdout: &[&[u8]],
        download: usize,
        dictionary: Option<&PreparedDictionary>,
    ) -> u64 {
        let messages = self.passed.saturating_mul(EXPECTED);
        let packed = packed_bytes(holdout, dictionary) as u64;
        messages
            .saturating_mul(packed)
            .saturating_add((download * holdout.len()) as u64)
    }
}

/// Sizes to try, as far as there are samples enough.
fn sizes(training_set: &[&[u8]]) -> impl Iterator<Item = usize> {
    let total: usize = training_set.iter().map(|sample| sample.len()).sum();
    let large = MAX_BYTES.min(total / SAMPLES_PER_BYTE);
    let sizes = [large, large / SMALL_PART].into_iter();
    sizes.filter(|size| *size >= MIN_BYTES)
}

/// A trained dictionary, with an id of zstd's own.
fn train(samples: &[&[u8]], size: usize) -> Option<CompressionDictionary> {
    let dictionary = train_dictionary(samples, size, 1).ok()?;
    dictionary.zstd_id()?;
    Some(dictionary)
}

/// Bytes of the samples as compressed bodies.
fn packed_bytes(samples: &[&[u8]], dictionary: Option<&PreparedDictionary>) -> usize {
    let mut compressor = Compressor::new();
    let mut packed = Vec::new();
    let sizes = samples.iter().map(|sample| {
        packed.clear();
        if compressor.compress_short_into(&mut packed, sample, dictionary) {
            packed.len()
        } else {
            sample.len()
        }
    });
    sizes.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compression::dictionary::Audience;

    fn chat(n: usize) -> Arc<[u8]> {
        let text = format!(
            r#"{{"user":"ada{}","room":"lobby","text":"the train is late at platform {}","likes":{}}}"#,
            n % 37,
            n % 11,
            n * 7919 % 1_000
        );
        text.into_bytes().into()
    }

    fn noise(n: usize) -> Arc<[u8]> {
        let mut rng = fastrand::Rng::with_seed(n as u64);
        std::iter::repeat_with(|| rng.u8(..)).take(100).collect()
    }

    fn training(samples: impl Iterator<Item = Arc<[u8]>>) -> Training {
        let samples: Vec<_> = samples.collect();
        Training {
            passed: samples.len() as u64,
            samples,
            current: None,
        }
    }

    #[test]
    fn unchanged_messages_keep_dictionary() {
        let bytes = training((0..1_000).map(chat)).run().unwrap();
        assert!((MIN_BYTES..=MAX_BYTES).contains(&bytes.len()));
        let current = Dictionary::new(1, 1, Audience::All, bytes).unwrap();
        let second = Training {
            current: Some(Arc::new(current)),
            ..training((1_000..2_000).map(chat))
        };
        assert_eq!(second.run(), None);
    }

    #[test]
    fn changed_messages_get_new_dictionary() {
        let first = training((0..1_000).map(chat)).run().unwrap();
        let prices = (0..1_000usize).map(|n| {
            let text = format!(
                r#"{{"symbol":"EUR{}","bid":1.0{n},"venue":"XETRA-{}","depth":[1,2,3]}}"#,
                n % 9,
                n % 5
            );
            text.into_bytes().into()
        });
        let second = Training {
            current: Some(Arc::new(
                Dictionary::new(1, 1, Audience::All, first).unwrap(),
            )),
            ..training(prices)
        };
        assert!(second.run().is_some());
    }

    #[test]
    fn noise_and_too_little_make_none() {
        assert_eq!(training((0..1_000).map(noise)).run(), None);
        assert_eq!(training((0..20).map(chat)).run(), None);
        assert_eq!(training(std::iter::empty()).run(), None);
    }
}
