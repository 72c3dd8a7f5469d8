//! A WebAssembly module as text inside of a JavaScript file, for loaders that take nothing else.
//!
//! A byte is one character, or two if it is a rare one, of ASCII that no bundler escapes. Equal bytes are equal characters,
//! so that compressors find what repeats: with brotli the text is 3 % larger than the module, where hexadecimal digits are
//! 6 % and base64 29 %.
//!
//! The first 512 characters are the 256 byte values in hexadecimal, the most frequent first. The first 87 of them are the
//! characters of [`singles`]; the others are a character of [`SHIFTS`] before one of those.

use std::cmp::Reverse;

/// Characters before a rare byte.
const SHIFTS: [u8; 3] = *b"|}~";

/// Characters that JavaScript or a bundler might escape in a string.
const NEVER_USED: [u8; 5] = *b"\"$'\\`";

/// The text of a module.
pub(crate) fn encode(module: &[u8]) -> String {
    let by_rank = by_frequency(module);
    let mut text = hex::encode(&by_rank);
    let singles = singles();
    let codes: Vec<String> = (0..by_rank.len())
        .map(|rank| code(&singles, rank))
        .collect();
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

/// Characters that stand for a byte by themselves.
fn singles() -> Vec<u8> {
    (b' '..SHIFTS[0])
        .filter(|character| !NEVER_USED.contains(character))
        .collect()
}

fn code(singles: &[u8], rank: usize) -> String {
    let single = char::from(singles[rank % singles.len()]);
    match rank / singles.len() {
        0 => single.to_string(),
        shift => String::from_iter([char::from(SHIFTS[shift - 1]), single]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_a_code_of_its_own() {
        let module: Vec<u8> = (0..=u8::MAX).chain([7, 7, 9]).collect();
        let text = encode(&module);
        assert!(text.starts_with("0709"));
        let singles = singles();
        let codes: Vec<String> = (0..256).map(|rank| code(&singles, rank)).collect();
        let mut distinct = codes.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), 256);
        assert!(
            text.bytes()
                .all(|byte| byte.is_ascii_graphic() || byte == b' ')
        );
        assert!(!text.bytes().any(|byte| NEVER_USED.contains(&byte)));
    }
}
