//! A compressor and a decompressor for each thread, so that functions without a state of their own need not set one up
//! for each message.

use alloc::vec::Vec;
use core::cell::RefCell;
use std::thread_local;

use super::{Compressor, Decompressor, PreparedDictionary};
use crate::compression::{CompressionDictionary, DecompressError, DictionaryError};

/// Dictionaries that a thread keeps ready in each direction: about 450 KiB each for compressing.
const KEPT: usize = 4;

#[derive(Default)]
struct Encoding {
    compressor: Compressor,
    dictionaries: Vec<(CompressionDictionary, PreparedDictionary)>,
}

#[derive(Default)]
struct Decoding {
    decompressor: Decompressor,
    dictionaries: Vec<CompressionDictionary>,
}

thread_local! {
    static ENCODING: RefCell<Encoding> = RefCell::default();
    static DECODING: RefCell<Decoding> = RefCell::default();
}

/// As [`Compressor::compress_into`].
pub(crate) fn compress_into(
    out: &mut Vec<u8>,
    body: &[u8],
    dictionary: Option<&CompressionDictionary>,
) -> Result<bool, DictionaryError> {
    ENCODING.with_borrow_mut(
        |Encoding {
             compressor,
             dictionaries,
         }| {
            let Some(wanted) = dictionary else {
                return Ok(compressor.compress_into(out, body, None));
            };
            let known = dictionaries.iter().position(|(known, _)| known == wanted);
            let place = match known {
                Some(place) => place,
                None => {
                    let prepared = PreparedDictionary::new(wanted)?;
                    make_room(dictionaries);
                    dictionaries.push((wanted.clone(), prepared));
                    dictionaries.len() - 1
                }
            };
            Ok(compressor.compress_into(out, body, Some(&dictionaries[place].1)))
        },
    )
}

/// As [`Compressor::compress_short_into`], with a compressor that belongs to this thread.
pub fn compress_short_into(
    out: &mut Vec<u8>,
    body: &[u8],
    dictionary: Option<&PreparedDictionary>,
) -> bool {
    ENCODING.with_borrow_mut(|encoding| {
        let compressor = &mut encoding.compressor;
        compressor.compress_short_into(out, body, dictionary)
    })
}

/// As [`Decompressor::decompress`].
pub(crate) fn decompress(
    body: &[u8],
    dictionaries: &[CompressionDictionary],
    max_bytes: usize,
) -> Result<Vec<u8>, DecompressError> {
    let Some(id) = body.first_chunk().map(|id| u32::from_be_bytes(*id)) else {
        return Err(DecompressError::NotZstd);
    };
    DECODING.with_borrow_mut(|decoding| {
        if id != 0 {
            let dictionary = dictionaries.iter().find(|dictionary| dictionary.id == id);
            decoding.prepare(dictionary.ok_or(DecompressError::MissingDictionary(id))?)?;
        }
        decoding.decompressor.decompress(body, max_bytes)
    })
}

impl Decoding {
    /// Sees that the decompressor has this dictionary under its id.
    fn prepare(&mut self, wanted: &CompressionDictionary) -> Result<(), DecompressError> {
        if self.dictionaries.contains(wanted) {
            return Ok(());
        }
        self.decompressor
            .add_dictionary(wanted)
            .map_err(|_| DecompressError::MissingDictionary(wanted.id))?;
        self.dictionaries.retain(|known| known.id != wanted.id);
        make_room(&mut self.dictionaries);
        self.dictionaries.push(wanted.clone());
        Ok(())
    }
}

/// Lets the oldest go when there is no room for another.
fn make_room<T>(kept: &mut Vec<T>) {
    if kept.len() >= KEPT {
        kept.remove(0);
    }
}
