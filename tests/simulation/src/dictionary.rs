//! Compression dictionaries that the simulated server gives its channels.

use std::sync::OnceLock;

use push_wire_shared::train_dictionary;

/// Number of dictionaries.
pub const DICTIONARIES: u8 = 3;

/// A dictionary by its number, trained once per process from documents like the application's.
///
/// # Panics
/// Panics if there is no such dictionary.
#[must_use]
pub fn dictionary(which: u8) -> &'static [u8] {
    static TRAINED: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    let trained = TRAINED.get_or_init(|| (0..DICTIONARIES).map(train).collect());
    &trained[usize::from(which)]
}

fn train(which: u8) -> Vec<u8> {
    let sample = |n: u32| {
        let line = |line: u32| {
            let version = n * (u32::from(which) + 1) + line;
            format!("row {line}: some other text, of version {version}")
        };
        let lines: Vec<String> = (0..6).map(line).collect();
        format!(r#"{{"n":{n},"lines":{lines:?},"kind":{which}}}"#).into_bytes()
    };
    let samples: Vec<Vec<u8>> = (0..300).map(sample).collect();
    let samples: Vec<&[u8]> = samples.iter().map(Vec::as_slice).collect();
    match train_dictionary(&samples, 1_024, 1) {
        Ok(dictionary) => dictionary.bytes,
        Err(error) => panic!("300 documents make a dictionary: {error}"),
    }
}
