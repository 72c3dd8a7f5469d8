//! A WebAssembly module as text inside a JavaScript file, for loaders that support JavaScript files only.
//!
//! A byte is one ASCII character, or two if it is rare; no bundler escapes these characters. Equal bytes are equal characters,
//! so that compressors find repetitions: with brotli the text is 2 % larger than the module, where hexadecimal digits are
//! 6 % and base64 29 %.
//!
//! The text begins with the [`CHARACTERS`], followed by the 256 byte values in hexadecimal, the most frequent first. Each of the
//! first 87 values is one of the characters before the last [`SHIFTS`]; each other value is a shift and one of these characters.

use std::cmp::Reverse;

/// The printable ASCII characters without those that JavaScript or a bundler might escape in a string. The first one is the
/// most frequent byte. The last [`SHIFTS`] of them are the shifts, which stand before a rare byte.
///
/// Brotli chooses the prefix code of a character by the classes of the two before it (RFC 7932, section 7.1). The first 13
/// characters have 13 classes, so that each of the most frequent bytes selects codes of its own, which saves 2 KB; then come
/// the others, by class.
const CHARACTERS: &str = concat!(
    " %.=,()Aa0!Bb",
    ":;<[{>]}EIOUeiou123456789#&*+-/?@^_|~CDFGHJKLMNPQRSTVWXYZcdfghjklmnpqrstvwxyz"
);

/// Number of shifts: characters that stand before a rare byte.
const SHIFTS: usize = 3;

/// The text of a module.
pub(crate) fn encode(module: &[u8]) -> String {
    let by_rank = by_frequency(module);
    let mut text = CHARACTERS.to_owned();
    text.push_str(&hex::encode(&by_rank));
    let codes: Vec<String> = (0..by_rank.len()).map(code).collect();
    let mut code_of = vec![""; by_rank.len()];
    for (byte, code) in by_rank.iter().zip(&codes) {
        code_of[usize::from(*byte)] = code;
    }
    text.extend(module.iter().map(|byte| code_of[usize::from(*byte)]));
    text
}

fn by_frequency(module: &[u8]) -> Vec<u8> {
    let mut count = [0_usize; 256];
    for byte in module {
        count[usize::from(*byte)] += 1;
    }
    let mut values: Vec<u8> = (0..=u8::MAX).collect();
    values.sort_by_key(|value| Reverse(count[usize::from(*value)]));
    values
}

/// Characters of the byte value of this rank.
fn code(rank: usize) -> String {
    let (singles, shifts) = CHARACTERS.split_at(CHARACTERS.len() - SHIFTS);
    let single = &singles[rank % singles.len()..][..1];
    match rank / singles.len() {
        0 => single.to_owned(),
        shift => shifts[shift - 1..shift].to_owned() + single,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_a_code_of_its_own() {
        let module: Vec<u8> = (0..=u8::MAX).chain([7, 7, 9]).collect();
        let text = encode(&module);
        assert!(text[CHARACTERS.len()..].starts_with("0709"));
        let codes: Vec<String> = (0..256).map(code).collect();
        let mut distinct = codes.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), 256);
        assert!(
            text.bytes()
                .all(|byte| byte.is_ascii_graphic() || byte == b' ')
        );
        let escaped = ['"', '$', '\'', '\\', '`'];
        assert!(!text.contains(escaped));
    }
}
