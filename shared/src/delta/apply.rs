//! Application of delta ops to a base. The ops may come from anyone, so each length and offset is checked, and no more
//! memory is allocated than the ops fill.

use alloc::vec::Vec;

use super::ops::OpReader;

/// Error of ops that do not build a value. `at` is the offset in the ops.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeltaApplyError {
    /// The ops end before the value is made, or inside an op.
    #[error("the delta is cut off")]
    CutOff,
    /// A number that does not end, is not in its shortest form, or is too large.
    #[error("a malformed number in the delta, at byte {at}")]
    BadNumber {
        /// Its beginning.
        at: usize,
    },
    /// The value would be above the receiver's limit.
    #[error("the delta makes {target} bytes, more than the limit of {max}")]
    TooLarge {
        /// Size of the value that the ops announce.
        target: u64,
        /// Limit of the receiver, in bytes.
        max: usize,
    },
    /// A copy from before the start or after the end of the base: most likely ops for another base.
    #[error("a copy outside the base, at byte {at}")]
    CopyOutsideBase {
        /// Behind the op.
        at: usize,
    },
    /// An op without a copy before the last one.
    #[error("an op without a copy before the last one, at byte {at}")]
    NoCopy {
        /// Behind the op.
        at: usize,
    },
    /// The ops make more bytes than they announce.
    #[error("more bytes than the delta's target length, at byte {at}")]
    PastTarget {
        /// Behind the op that makes them.
        at: usize,
    },
    /// Bytes after the last op.
    #[error("bytes after the delta's last op, at byte {at}")]
    Trailing {
        /// Their beginning.
        at: usize,
    },
}

/// Builds the value that `ops` make from `base`: at most `max_bytes` bytes.
///
/// The result is right only if its [`check`](super::check) is the one that came with the ops.
///
/// # Errors
/// Fails if the ops are malformed, refer to bytes outside the base, or make more than `max_bytes`.
pub fn apply(base: &[u8], ops: &[u8], max_bytes: usize) -> Result<Vec<u8>, DeltaApplyError> {
    let (target, mut reader) = OpReader::new(ops)?;
    let too_large = DeltaApplyError::TooLarge {
        target,
        max: max_bytes,
    };
    let target = usize::try_from(target).map_err(|_| too_large)?;
    if target > max_bytes {
        return Err(too_large);
    }
    // Most values are about as large as their base; one that claims more gets memory as it grows.
    let mut value = Vec::with_capacity(target.min(base.len() + ops.len()));
    while value.len() < target {
        let op = reader.op()?;
        append(&mut value, op.literals, target, &reader)?;
        match op.copy {
            Some(copy) => {
                let bytes = base.get(copy.start..).and_then(|tail| tail.get(..copy.len));
                let bytes = bytes.ok_or(DeltaApplyError::CopyOutsideBase { at: reader.at() })?;
                append(&mut value, bytes, target, &reader)?;
            }
            None if value.len() < target => {
                return Err(match reader.rest() {
                    [] => DeltaApplyError::CutOff,
                    _ => DeltaApplyError::NoCopy { at: reader.at() },
                });
            }
            None => {}
        }
    }
    match reader.rest() {
        [] => Ok(value),
        _ => Err(DeltaApplyError::Trailing { at: reader.at() }),
    }
}

fn append(
    value: &mut Vec<u8>,
    bytes: &[u8],
    target: usize,
    reader: &OpReader<'_>,
) -> Result<(), DeltaApplyError> {
    let room = target - value.len();
    if bytes.len() > room {
        return Err(DeltaApplyError::PastTarget { at: reader.at() });
    }
    if value.capacity() - value.len() < bytes.len() {
        // Doubling, but never past the target.
        value.reserve_exact(value.len().max(bytes.len()).min(room));
    }
    value.extend_from_slice(bytes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::string::ToString;

    use super::*;

    const BASE: &[u8] = b"0123456789abcdef";

    #[test]
    fn copies_and_literals_make_the_value() {
        // 5 literals and a copy of 4 from 6 (expected 5, moved by 1), then a last op of literals.
        let ops = [
            12, 0x51, b'h', b'e', b'l', b'l', b'o', 2, 0x30, b'x', b'y', b'z',
        ];
        assert_eq!(apply(BASE, &ops, 12).unwrap(), b"hello6789xyz");
        assert_eq!(apply(b"", &[0], 0).unwrap(), b"");
    }

    #[test]
    fn each_fault_is_named() {
        use DeltaApplyError::*;
        let cases: &[(&[u8], DeltaApplyError)] = &[
            (&[], BadNumber { at: 0 }),
            (&[0x80, 0x00], BadNumber { at: 0 }),
            (
                &[101],
                TooLarge {
                    target: 101,
                    max: 100,
                },
            ),
            (&[4], CutOff),
            // Literals, their length, a copy's length and a copy's place cut off.
            (&[4, 0x40, b'a'], CutOff),
            (&[40, 0xf0], BadNumber { at: 2 }),
            (&[40, 0x0f], BadNumber { at: 2 }),
            (&[4, 0x01], BadNumber { at: 2 }),
            // Only one literal of four, and no more ops; or more ops.
            (&[4, 0x10, b'a'], CutOff),
            (&[4, 0x10, b'a', 0x10, b'b'], NoCopy { at: 3 }),
            (&[4, 0x00, 0x40], NoCopy { at: 2 }),
            // A copy from -1, from 13 of 16, of 2^64 - 1 bytes.
            (&[4, 0x01, 1], CopyOutsideBase { at: 3 }),
            (&[4, 0x01, 26], CopyOutsideBase { at: 3 }),
            (&[3, 0x01, 0], PastTarget { at: 3 }),
            (&[1, 0x20, b'a', b'b'], PastTarget { at: 4 }),
            (&[4, 0x01, 0, 0], Trailing { at: 3 }),
            (&[0, 0], Trailing { at: 1 }),
        ];
        for (ops, error) in cases {
            assert_eq!(apply(BASE, ops, 100), Err(*error), "{ops:?}");
            assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn extreme_lengths_are_errors() {
        let most = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        let ops = |parts: &[&[u8]]| parts.concat();
        for (bytes, error) in [
            // Literals of 2^64 + 14 bytes, a copy of 2^64 + 17, places of -2^63 and 2^63 - 1.
            (
                ops(&[&[9, 0xf1], &most]),
                DeltaApplyError::BadNumber { at: 2 },
            ),
            (
                ops(&[&[9, 0x0f], &most]),
                DeltaApplyError::BadNumber { at: 2 },
            ),
            (
                ops(&[&[9, 0x01], &most]),
                DeltaApplyError::CopyOutsideBase { at: 12 },
            ),
            (
                ops(&[&[9, 0x01, 0xfe], &most[1..]]),
                DeltaApplyError::CopyOutsideBase { at: 12 },
            ),
        ] {
            assert_eq!(apply(BASE, &bytes, 100), Err(error), "{bytes:?}");
        }
    }

    #[test]
    fn memory_follows_what_the_ops_make() {
        // A claim of 16 MiB backed by a copy of 4 bytes.
        let ops = [0x80, 0x80, 0x80, 0x08, 0x01, 0];
        assert_eq!(
            apply(BASE, &ops, 16 * 1024 * 1024),
            Err(DeltaApplyError::CutOff)
        );
        let mut value = Vec::with_capacity(4);
        let (_, reader) = OpReader::new(&ops).unwrap();
        for _ in 0..5 {
            append(&mut value, b"abcd", 16 * 1024 * 1024, &reader).unwrap();
        }
        assert!(value.capacity() <= 32, "{}", value.capacity());
        append(&mut value, &[0; 4], 24, &reader).unwrap();
        assert!(value.capacity() <= 32, "{}", value.capacity());
    }

    proptest! {
        #[test]
        fn any_ops_are_bounded(base: Vec<u8>, ops: Vec<u8>, max in 0usize..4096) {
            if let Ok(value) = apply(&base, &ops, max) {
                prop_assert!(value.len() <= max);
            }
        }
    }
}
