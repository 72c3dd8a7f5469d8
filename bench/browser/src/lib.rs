//! WebAssembly part of the measurements in a browser: see run.mjs.

use push_wire_shared::compression::{CompressionDictionary, Decompressor};
use push_wire_shared::delta;
use push_wire_shared::delta::corpus::corpora;
use wasm_bindgen::prelude::wasm_bindgen;

/// Messages and values are smaller.
const MAX_BYTES: usize = 1 << 20;

/// The decoder of the browser client, kept for all messages.
#[wasm_bindgen]
pub struct Frames(Decompressor);

#[wasm_bindgen]
impl Frames {
    /// With the dictionary of id 1.
    pub fn with(dictionary: Vec<u8>) -> Option<Self> {
        let mut decompressor = Decompressor::new();
        let dictionary = CompressionDictionary::new(1, dictionary);
        decompressor.add_dictionary(&dictionary).ok()?;
        Some(Self(decompressor))
    }

    /// The message of a compressed body.
    pub fn decode(&mut self, body: &[u8]) -> Option<Vec<u8>> {
        self.0.decompress(body, MAX_BYTES).ok()
    }
}

/// Versions of an HTML page of 18 KB, and what turns each into the next.
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
    /// That many changes.
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

    /// Mean bytes of a page.
    pub fn mean_len(&self) -> usize {
        self.0
            .iter()
            .map(|change| change.target.len())
            .sum::<usize>()
            / self.0.len()
    }

    /// Returns whether both deltas build each page.
    pub fn are_right(&self) -> bool {
        self.0.iter().all(|change| {
            delta::apply(&change.base, &change.ops, MAX_BYTES).as_ref() == Ok(&change.target)
                && fossil_delta::apply(&change.base, &change.fossil)
                    .is_ok_and(|page| page == change.target)
        })
    }

    /// Applies every delta; bytes made.
    pub fn apply(&self) -> usize {
        let apply = |change: &Change| delta::apply(&change.base, &change.ops, MAX_BYTES);
        self.0
            .iter()
            .map(|change| apply(change).map_or(0, |page| page.len()))
            .sum()
    }

    /// Applies every fossil delta; bytes made.
    pub fn apply_fossil(&self) -> usize {
        let apply = |change: &Change| fossil_delta::apply(&change.base, &change.fossil);
        self.0
            .iter()
            .map(|change| apply(change).map_or(0, |page| page.len()))
            .sum()
    }

    /// Hashes every page; a sum of the hashes' first bytes.
    pub fn hash(&self) -> usize {
        self.0
            .iter()
            .map(|change| usize::from(delta::check(&change.target).base()[0]))
            .sum()
    }
}
