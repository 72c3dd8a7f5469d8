//! Bodies of the entries that the simulated application publishes.

use std::fmt::Write;

use super::feed::Feed;

/// Bytes of a document's line, and of what surrounds it, at most.
const LINE_BYTES: usize = 72;

/// Body of an entry. Versions of the document differ in a few lines, other bodies are random.
pub(super) fn body(rng: &mut fastrand::Rng, feed: Feed, number: u64, bytes: u16) -> Vec<u8> {
    if feed.is_state() {
        return document(number, 10 + bytes / 40).into_bytes();
    }
    let pad = padding(rng, bytes.into());
    format!(r#"{{"n":{number},"pad":"{pad}"}}"#).into_bytes()
}

/// JSON text of a document with this many lines. A publication writes one: it is made without a string for each line.
fn document(version: u64, lines: u16) -> String {
    let mut text = String::with_capacity(LINE_BYTES * (1 + usize::from(lines)));
    let written = write!(text, r#"{{"n":{version},"lines":["#).and_then(|()| {
        (0..u64::from(lines)).try_for_each(|line| {
            let separator = if line == 0 { "" } else { ", " };
            let is_changed = (version + line).is_multiple_of(7);
            let changed_in = if is_changed { version } else { line };
            write!(
                text,
                r#"{separator}"line {line} of the document, changed in version {changed_in}""#
            )
        })
    });
    assert_eq!(written, Ok(()), "a string takes all that is written");
    text + "]}"
}

/// Characters that compress little: six random bits each.
fn padding(rng: &mut fastrand::Rng, len: usize) -> String {
    const CHARACTERS: &[u8; 64] =
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const PER_DRAW: usize = 10;
    let mut pad = String::with_capacity(len + PER_DRAW);
    while pad.len() < len {
        let mut bits = rng.u64(..);
        for _ in 0..PER_DRAW {
            pad.push(char::from(CHARACTERS[(bits % 64) as usize]));
            bits /= 64;
        }
    }
    pad.truncate(len);
    pad
}
