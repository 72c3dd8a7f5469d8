//! A WebAssembly module as text inside a JavaScript file, for loaders that support JavaScript files only.
//!
//! A byte is one ASCII character, or two if it is rare; no bundler escapes these characters. Equal bytes are equal characters,
//! so that compressors find repetitions: with brotli the text is 1 % larger than the module, where hexadecimal digits are
//! 6 % and base64 29 %.
//!
//! The text begins with the characters of the [`CLASSES`] and the [`SHIFTS`], then the 256 byte values in hexadecimal.
//! Each of the first 87 values is one character of the classes, in their order; each other value is a shift and one of these
//! characters.

use std::cmp::Reverse;

/// The printable ASCII characters without the shifts and those that JavaScript or a bundler might escape in a string, by class:
/// brotli chooses the prefix code of a character by the classes of the two before it (RFC 7932, section 7.1).
///
/// The 13 most frequent bytes are in 13 classes. Each other byte of one character is in the class, of those with room, whose
/// most frequent byte has the most similar followers. This saves 3.5 KB, compared with characters by frequency alone.
const CLASSES: [&str; 13] = [
    " ",
    "%",
    ".",
    "=",
    ",:;",
    "(<[{",
    ")>]}",
    "AEIOU",
    "aeiou",
    "0123456789",
    "!#&*+-/?@^_|~",
    "BCDFGHJKLMNPQRSTVWXYZ",
    "bcdfghjklmnpqrstvw",
];

/// Characters before a rare byte.
const SHIFTS: &str = "xyz";

/// The text of a module.
pub(crate) fn encode(module: &[u8]) -> String {
    let singles = CLASSES.concat();
    let values = values(module, singles.len());
    let mut codes = vec![String::new(); 256];
    for (rank, &value) in values.iter().enumerate() {
        codes[usize::from(value)] = code(&singles, rank);
    }
    let mut text = singles + SHIFTS + &hex::encode(&values);
    text.extend(module.iter().map(|&byte| codes[usize::from(byte)].as_str()));
    text
}

/// The byte values, in the order of the characters that stand for them.
fn values(module: &[u8], singles: usize) -> Vec<u8> {
    let by_frequency = by_frequency(module);
    let (frequent, rare) = by_frequency.split_at(singles);
    let (first, others) = frequent.split_at(CLASSES.len());
    let followers = followers(module);
    let similarity = |one: u8, other: u8| -> u64 {
        let of_both = followers[usize::from(one)].iter();
        let of_both = of_both.zip(&followers[usize::from(other)]);
        of_both.map(|(one, other)| one.min(other)).sum()
    };
    let mut classes: Vec<Vec<u8>> = first.iter().map(|&value| vec![value]).collect();
    for &value in others {
        let with_room = classes.iter_mut().zip(CLASSES);
        let with_room = with_room.filter(|(class, characters)| class.len() < characters.len());
        if let Some((class, _)) = with_room.max_by_key(|(class, _)| similarity(class[0], value)) {
            class.push(value);
        }
    }
    classes
        .into_iter()
        .flatten()
        .chain(rare.iter().copied())
        .collect()
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

/// For each byte value, the frequencies of the values that follow it, in thousandths.
fn followers(module: &[u8]) -> Vec<[u64; 256]> {
    let mut followers = vec![[0; 256]; 256];
    for pair in module.windows(2) {
        followers[usize::from(pair[0])][usize::from(pair[1])] += 1;
    }
    for counts in &mut followers {
        let all: u64 = counts.iter().sum();
        for count in counts {
            *count = (*count * 1000).checked_div(all).unwrap_or_default();
        }
    }
    followers
}

/// Characters of the value with this place in the order.
fn code(singles: &str, place: usize) -> String {
    let single = &singles[place % singles.len()..][..1];
    match place / singles.len() {
        0 => single.to_owned(),
        shift => SHIFTS[shift - 1..shift].to_owned() + single,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes of a text, read as pkg/src/module-text.ts does.
    fn decode(text: &str) -> Vec<u8> {
        let singles = CLASSES.concat().len();
        let (characters, text) = text.split_at(singles + SHIFTS.len());
        let (values, text) = text.split_at(512);
        let values = hex::decode(values).unwrap();
        let mut bytes = Vec::new();
        let mut shift = 0;
        for character in text.chars() {
            let place = characters.find(character).unwrap();
            if place >= singles {
                shift = (place - singles + 1) * singles;
                continue;
            }
            bytes.push(values[place + shift]);
            shift = 0;
        }
        bytes
    }

    #[test]
    fn keeps_every_byte() {
        let module: Vec<u8> = (0..=u8::MAX).chain([7, 7, 9]).collect();
        let text = encode(&module);
        assert_eq!(decode(&text), module);
        assert!(
            text.bytes()
                .all(|byte| byte.is_ascii_graphic() || byte == b' ')
        );
        let escaped = ['"', '$', '\'', '\\', '`'];
        assert!(!text.contains(escaped));
    }
}
