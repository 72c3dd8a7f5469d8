//! Target: delta ops, arbitrary ones and those that our encoder makes.

use push_wire_shared::delta::{apply, check, encode};

/// Largest value that a delta may build.
const CAP: usize = 64 * 1024;

/// Checks a base, and ops or a target. The first two bytes are the base's length.
pub(super) fn run(bytes: &[u8]) {
    let Some(([low, high], rest)) = bytes.split_first_chunk() else {
        return;
    };
    let len = usize::from(u16::from_le_bytes([*low, *high])).min(rest.len());
    let (base, rest) = rest.split_at(len);
    if let Ok(value) = apply(base, rest, CAP) {
        assert!(value.len() <= CAP);
    }
    round_trip(base, rest);
    // Targets that share parts with their base.
    let (before, after) = base.split_at(base.len() / 2);
    round_trip(base, &[before, rest, after].concat());
    round_trip(rest, &[after, rest, before, rest].concat());
}

fn round_trip(base: &[u8], target: &[u8]) {
    let Some(ops) = encode(base, target) else {
        return;
    };
    assert!(
        ops.len() < target.len(),
        "a delta is smaller than the value"
    );
    let value = apply(base, &ops, target.len()).expect("our own ops");
    assert_eq!(value, target);
    assert_eq!(check(&value).result(), check(target).result());
}
