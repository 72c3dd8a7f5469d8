//! Bodies of the entries that the simulated application publishes.

use super::feed::Feed;

/// Body of an entry. Versions of the document differ in a few lines, other bodies are random.
pub(super) fn body(rng: &mut fastrand::Rng, feed: Feed, number: u64, bytes: u16) -> Vec<u8> {
    if feed.is_state() {
        let lines: Vec<String> = (0..10 + u64::from(bytes / 40))
            .map(|line| document_line(number, line))
            .collect();
        return format!(r#"{{"n":{number},"lines":{lines:?}}}"#).into_bytes();
    }
    let pad = padding(rng, bytes.into());
    format!(r#"{{"n":{number},"pad":"{pad}"}}"#).into_bytes()
}

fn document_line(version: u64, line: u64) -> String {
    let is_changed = (version + line).is_multiple_of(7);
    let changed_in = if is_changed { version } else { line };
    format!("line {line} of the document, changed in version {changed_in}")
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
