//! WebAssembly part of the browser benchmarks, which `page.mjs` calls: decompression and deltas.

use push_wire_shared::compression::{CompressionDictionary, Decompressor};
use push_wire_shared::delta;
use push_wire_shared::delta::corpus::corpora;
use wasm_bindgen::prelude::wasm_bindgen;

/// Limit of a message and of a value (1 MiB), in bytes.
const MAX_BYTES: usize = 1 << 20;

/// Decompressor of the browser client; one instance decodes all messages.
#[wasm_bindgen]
pub struct Frames(Decompressor);

#[wasm_bindgen]
impl Frames {
    /// Creates a decoder with this dictionary under id 1; `None` if the dictionary is malformed.
    pub fn with(dictionary: Vec<u8>) -> Option<Self> {
        let mut decompressor = Decompressor::new();
        let dictionary = CompressionDictionary::new(1, dictionary);
        decompressor.add_dictionary(&dictionary).ok()?;
        Some(Self(decompressor))
    }

    /// Decompresses a body; `None` if it is malformed or its content exceeds 1 MiB.
    pub fn decode(&mut self, body: &[u8]) -> Option<Vec<u8>> {
        self.0.decompress(body, MAX_BYTES).ok()
    }
}

/// Versions of an HTML page of 18 KB, with the deltas from each to the next.
#[wasm_bindgen]
pub struct Pages(Vec<Change>);

struct Change {
    base: Vec<u8>,
    target: Vec<u8>,
    ops: Vec<u8>,
    fossil: Vec<u8>,
}

#[wasm_bindgen]
impl Pages {
    /// Generates this many changes; `None` if a version has no delta from the one before.
    pub fn with(changes: usize) -> Option<Self> {
        let corpora = corpora(1, changes + 1);
        let html = corpora
            .into_iter()
            .find(|corpus| corpus.name == "HTML fragment")?;
        let changes = html.versions.windows(2).map(|pair| {
            let (base, target) = (pair[0].clone(), pair[1].clone());
            let ops = delta::encode(&base, &target)?;
            let fossil = fossil_delta::delta(&target, &base);
            Some(Change {
                base,
                target,
                ops,
                fossil,
            })
        });
        changes.collect::<Option<_>>().map(Self)
    }

    /// Mean size of a page, in bytes.
    pub fn mean_len(&self) -> usize {
        self.0
            .iter()
            .map(|change| change.target.len())
            .sum::<usize>()
            / self.0.len()
    }

    /// Returns whether both deltas of each change reproduce its target page.
    pub fn are_correct(&self) -> bool {
        self.0.iter().all(|change| {
            delta::apply(&change.base, &change.ops, MAX_BYTES).as_ref() == Ok(&change.target)
                && fossil_delta::apply(&change.base, &change.fossil)
                    .is_ok_and(|page| page == change.target)
        })
    }

    /// Applies every delta. Returns the total size of the results, in bytes; a delta that fails counts as 0.
    pub fn apply(&self) -> usize {
        let apply = |change: &Change| delta::apply(&change.base, &change.ops, MAX_BYTES);
        self.0
            .iter()
            .map(|change| apply(change).map_or(0, |page| page.len()))
            .sum()
    }

    /// Applies every fossil delta. Returns the total size of the results, in bytes; a delta that fails counts as 0.
    pub fn apply_fossil(&self) -> usize {
        let apply = |change: &Change| fossil_delta::apply(&change.base, &change.fossil);
        self.0
            .iter()
            .map(|change| apply(change).map_or(0, |page| page.len()))
            .sum()
    }

    /// Hashes every page. Returns the sum of the hashes' first bytes.
    pub fn hash(&self) -> usize {
        self.0
            .iter()
            .map(|change| usize::from(delta::check(&change.target).base()[0]))
            .sum()
    }
}
