//! From samples to a dictionary, if one is worth having.

use std::sync::Arc;

use push_wire_shared::compression::CompressionDictionary;
use push_wire_shared::compression::native::{Compressor, PreparedDictionary, train_dictionary};

use super::Dictionary;

/// Largest dictionary (16 KiB): what a page fetches once; four times as many bytes win a few percent more.
const MAX_BYTES: usize = 16 * 1024;

/// The samples are at least this many times the dictionary, or it holds them rather than what they have in common.
const SAMPLES_PER_BYTE: usize = 10;

/// Smaller ones hold too little.
const MIN_BYTES: usize = 1024;

/// Every so many samples one is left out of the training, and judges it.
const JUDGES: usize = 5;

/// What a dictionary has to save of the bytes that the judges take without it, or with the one before it, to be
/// worth its download, in percent.
const WORTH: usize = 10;

/// Samples of a channel's entries, and the dictionary that a new one has to beat.
#[derive(Debug)]
pub(super) struct Training {
    pub(super) samples: Vec<Box<[u8]>>,
    pub(super) current: Option<Arc<Dictionary>>,
}

impl Training {
    /// The bytes of a dictionary that is better. Takes tens of milliseconds.
    pub(super) fn run(&self) -> Option<Vec<u8>> {
        let (judges, students) = self.split();
        let total: usize = students.iter().map(|sample| sample.len()).sum();
        let size = MAX_BYTES.min(total / SAMPLES_PER_BYTE);
        if size < MIN_BYTES {
            return None;
        }
        let dictionary = train_dictionary(&students, size, 1).ok()?;
        dictionary.zstd_id()?;
        let before = packed_bytes(&judges, self.current.as_deref().map(Dictionary::prepared));
        let after = packed_bytes(&judges, Some(&prepare(&dictionary)?));
        (after * 100 <= before * (100 - WORTH)).then_some(dictionary.bytes)
    }

    fn split(&self) -> (Vec<&[u8]>, Vec<&[u8]>) {
        let (mut judges, mut students) = (Vec::new(), Vec::new());
        for (at, sample) in self.samples.iter().enumerate() {
            let side = if at.is_multiple_of(JUDGES) {
                &mut judges
            } else {
                &mut students
            };
            side.push(&**sample);
        }
        (judges, students)
    }
}

fn prepare(dictionary: &CompressionDictionary) -> Option<PreparedDictionary> {
    PreparedDictionary::new(dictionary).ok()
}

/// What the samples take on the wire.
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

    fn chat(n: usize) -> Box<[u8]> {
        let text = format!(
            r#"{{"user":"ada{}","room":"lobby","text":"the train is late at platform {}","likes":{}}}"#,
            n % 37,
            n % 11,
            n * 7919 % 1_000
        );
        text.into_bytes().into()
    }

    fn noise(n: usize) -> Box<[u8]> {
        let mut rng = fastrand::Rng::with_seed(n as u64);
        std::iter::repeat_with(|| rng.u8(..)).take(100).collect()
    }

    fn training(samples: impl Iterator<Item = Box<[u8]>>) -> Training {
        Training {
            samples: samples.collect(),
            current: None,
        }
    }

    #[test]
    fn what_messages_have_in_common_makes_a_dictionary_that_no_second_one_beats() {
        let bytes = training((0..1_000).map(chat)).run().unwrap();
        assert!((MIN_BYTES..=MAX_BYTES).contains(&bytes.len()));
        let current = Dictionary::new(1, 1, Audience::All, bytes).unwrap();
        let second = Training {
            samples: (1_000..2_000).map(chat).collect(),
            current: Some(Arc::new(current)),
        };
        assert_eq!(second.run(), None);
    }

    #[test]
    fn messages_that_change_their_kind_get_another_dictionary() {
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
