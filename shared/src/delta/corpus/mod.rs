//! Documents that change: series of versions for tests and measurements, the same for the same seed.
//!
//! They are generated, but similar to what applications publish; each series has its own kind of change.

mod chat;
mod csv;
mod dashboard;
mod html;
mod order_book;
mod words;

use alloc::string::String;
use alloc::vec::Vec;

use fastrand::Rng;

/// Versions of one document, each made from the one before.
#[derive(Clone, Debug)]
pub struct Corpus {
    /// Description of the document.
    pub name: &'static str,
    /// Oldest first.
    pub versions: Vec<Vec<u8>>,
}

/// A document that can be changed.
trait Document {
    fn change(&mut self, rng: &mut Rng);
    fn text(&self) -> String;
}

/// One corpus of each kind, with that many versions.
#[must_use]
pub fn corpora(seed: u64, versions: usize) -> Vec<Corpus> {
    let mut rng = Rng::with_seed(seed);
    let rng = &mut rng;
    [
        (
            "dashboard JSON",
            series(dashboard::Dashboard::new(rng), versions, rng),
        ),
        (
            "order book JSON",
            series(order_book::OrderBook::new(rng), versions, rng),
        ),
        ("HTML fragment", series(html::Page::new(rng), versions, rng)),
        ("CSV table", series(csv::Table::new(rng), versions, rng)),
        (
            "chat log JSON",
            series(chat::ChatLog::new(rng), versions, rng),
        ),
    ]
    .into_iter()
    .map(|(name, versions)| Corpus { name, versions })
    .collect()
}

fn series(mut document: impl Document, versions: usize, rng: &mut Rng) -> Vec<Vec<u8>> {
    (0..versions)
        .map(|_| {
            let text = document.text();
            document.change(rng);
            text.into_bytes()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_deterministic() {
        for (a, b) in corpora(3, 20).iter().zip(corpora(3, 20)) {
            assert_eq!(a.versions, b.versions);
            assert!(
                a.versions.windows(2).all(|pair| pair[0] != pair[1]),
                "{}",
                a.name
            );
            assert_eq!(a.versions.len(), 20);
        }
    }
}
