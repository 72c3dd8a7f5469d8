//! Checks of a delta: hashes of the value that it builds on and of the value that it makes.

use sha2::{Digest, Sha256};

/// The SHA-256 of a value, of which a delta's header carries prefixes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Check([u8; 32]);

impl Check {
    /// Check of the base, 4 bytes. Stream and cursor name the base; this finds a receiver whose value is not that
    /// entry's.
    #[must_use]
    pub const fn base(self) -> [u8; 4] {
        let [a, b, c, d, ..] = self.0;
        [a, b, c, d]
    }

    /// Check of the result, 16 bytes: a value that does not match is not delivered.
    #[must_use]
    pub fn result(self) -> [u8; 16] {
        let mut result = [0; 16];
        result.copy_from_slice(&self.0[..16]);
        result
    }

    /// All 32 bytes.
    #[must_use]
    pub const fn sha256(self) -> [u8; 32] {
        self.0
    }
}

/// Hashes a value: about ten times the work of applying a small delta to it, so keep the result beside the value.
#[must_use]
pub fn check(value: &[u8]) -> Check {
    Check(Sha256::digest(value).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_the_front_of_the_sha_256() {
        // FIPS 180-2, appendix B.1: the hash of "abc".
        let abc = check(b"abc");
        assert_eq!(abc.base(), [0xba, 0x78, 0x16, 0xbf]);
        assert_eq!(
            abc.result(),
            [
                0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae,
                0x22, 0x23
            ]
        );
        assert_eq!(abc.sha256()[16..20], [0xb0, 0x03, 0x61, 0xa3]);
    }
}
