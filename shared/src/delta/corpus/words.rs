//! Random sentences for the made-up documents.

use alloc::string::String;

use fastrand::Rng;

const WORDS: &[&str] = &[
    "the",
    "server",
    "stream",
    "a",
    "reader",
    "falls",
    "behind",
    "and",
    "returns",
    "with",
    "its",
    "cursor",
    "after",
    "tunnel",
    "each",
    "entry",
    "is",
    "kept",
    "until",
    "retention",
    "passes",
    "deploy",
    "looks",
    "good",
    "who",
    "has",
    "seen",
    "graph",
    "of",
    "yesterday",
    "please",
    "check",
    "latency",
    "on",
    "node",
    "seven",
    "it",
    "went",
    "up",
    "again",
    "rolled",
    "back",
    "to",
    "version",
    "before",
    "lunch",
    "thanks",
    "we",
    "should",
    "write",
    "this",
    "down",
    "in",
    "runbook",
];

/// Sentence of this many words: it starts with a capital letter and ends with a full stop.
pub(super) fn sentence(rng: &mut Rng, words: usize) -> String {
    let mut text = String::new();
    for i in 0..words {
        let word = rng.choice(WORDS).copied().unwrap_or_default();
        if i > 0 {
            text.push(' ');
        }
        let (first, rest) = word.split_at(1);
        match i {
            0 => text.extend(first.chars().map(|c| c.to_ascii_uppercase())),
            _ => text.push_str(first),
        }
        text.push_str(rest);
    }
    text.push('.');
    text
}
