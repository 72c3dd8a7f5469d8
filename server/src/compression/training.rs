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

/// Beside the largest that the samples suffice for, a dictionary of this part of it is tried (a third). With messages of
/// some hundred bytes it often serves within 3 % as well, for a third of the download.
const SMALL_PART: usize = 3;

/// The samples are at least this many times the dictionary, or it holds them rather than what they have in common.
const SAMPLES_PER_BYTE: usize = 5;

/// Smaller ones hold too little.
const MIN_BYTES: usize = 1024;

/// The newest of so many parts of the samples is left out of the training, and tests its result (the holdout): a
/// dictionary is for what comes after its samples.
const HOLDOUT_PART: usize = 5;

/// Messages that a dictionary is expected to serve, as a multiple of those that the channel has had (4). Half of all
/// channels that have had so many will have as many again, and only who reads one now pays for a change: who comes
/// later downloads one dictionary or the other. With 4 rather than 1 a channel's first thousand messages cost up to 8 %
/// more, and later ones 5 % less where they keep changing (commits of this repository, as JSON).
const EXPECTED: u64 = 4;

/// Samples of a channel's entries, and the dictionary that a new one has to beat.
#[derive(Debug)]
pub(super) struct Training {
    /// Oldest first.
    pub(super) samples: Vec<Arc<[u8]>>,
    /// Messages that the channel has had.
    pub(super) passed: u64,
    pub(super) current: Option<Arc<Dictionary>>,
}

impl Training {
    /// The bytes of a dictionary that is worth its download. Takes a tenth to half of a second.
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

    /// Bytes that a reader downloads while a dictionary serves, times the size of the holdout.
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

/// Sizes to try, as far as the samples suffice.
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

/// Bytes of the samples on the wire.
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
