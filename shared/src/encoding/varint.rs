//! Unsigned LEB128: seven bits a byte, low bits first, in the shortest form only.

use alloc::vec::Vec;

/// Error of bytes that do not begin with a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct VarintError(pub &'static str);

/// Appends `n`.
pub fn write_varint(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    out.push((n & 0x7f) as u8);
}

/// Bytes that `n` takes.
#[must_use]
pub const fn varint_len(n: u64) -> usize {
    let bits = 64 - (n | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

/// Splits a number off the front of `bytes`.
///
/// # Errors
/// Fails if the bytes end inside it, it is longer than its shortest form, or it does not fit 64 bits.
pub fn read_varint(bytes: &[u8]) -> Result<(u64, &[u8]), VarintError> {
    let mut n = 0u64;
    for (i, &byte) in bytes.iter().enumerate().take(10) {
        let bits = u64::from(byte & 0x7f);
        if i == 9 && byte > 1 {
            return Err(VarintError("a number that does not fit 64 bits"));
        }
        n |= bits << (7 * i);
        if byte < 0x80 {
            if byte == 0 && i > 0 {
                return Err(VarintError("a number longer than its shortest form"));
            }
            return Ok((n, &bytes[i + 1..]));
        }
    }
    Err(VarintError("a number that does not end"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_survive_the_wire(n: u64, shift in 0u32..64, rest: Vec<u8>) {
            let n = n >> shift;
            let mut bytes = Vec::new();
            write_varint(&mut bytes, n);
            prop_assert_eq!(bytes.len(), varint_len(n));
            bytes.extend_from_slice(&rest);
            prop_assert_eq!(read_varint(&bytes), Ok((n, &rest[..])));
        }

        #[test]
        fn reads_only_shortest_form(bytes: Vec<u8>) {
            if let Ok((n, rest)) = read_varint(&bytes) {
                let mut again = Vec::new();
                write_varint(&mut again, n);
                prop_assert_eq!(&bytes[..bytes.len() - rest.len()], &again);
            }
        }
    }

    #[test]
    fn overlong_and_endless_numbers_are_errors() {
        assert!(read_varint(&[]).is_err());
        assert!(read_varint(&[0x80]).is_err());
        assert!(read_varint(&[0x80, 0x00]).is_err());
        assert!(read_varint(&[0xff; 10]).is_err());
    }
}
