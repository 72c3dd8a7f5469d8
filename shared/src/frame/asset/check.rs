//! Check of an asset's bytes against its envelope.

use alloc::vec::Vec;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::BinaryEnvelope;

/// Error of opening an asset.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AssetError {
    /// The envelope states a size above the receiver's limit.
    #[error("the asset has {size} bytes; the limit is {limit}")]
    TooLarge {
        /// The stated size, in bytes.
        size: u64,
        /// The receiver's limit, in bytes.
        limit: u64,
    },
    /// The envelope's hash is not 64 hexadecimal digits.
    #[error("the asset's sha256 is not 64 hexadecimal digits")]
    BadHash,
    /// The data of an inline asset is not base64 with padding (RFC 4648 section 4).
    #[error("the asset's data is not base64")]
    BadBase64,
    /// The number of bytes is not the stated one.
    #[error("the asset has {actual} bytes, where its envelope states {size}")]
    WrongSize {
        /// The stated size, in bytes.
        size: u64,
        /// Its size, or more than the stated one: bytes that were received before this was known.
        actual: u64,
    },
    /// The bytes are not those of the envelope's hash.
    #[error("the asset's bytes do not have the SHA-256 that its envelope states")]
    WrongHash,
    /// The asset is a URL, whose bytes have to be fetched first.
    #[error("the asset is not inline: fetch it from its URL")]
    NotInline,
}

/// Check of an asset's bytes as they arrive: their number and their SHA-256 have to be those of the envelope.
///
/// ```
/// use push_wire_shared::frame::AssetCheck;
///
/// let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
/// let mut check = AssetCheck::new(3, hash, 1024)?;
/// check.push(b"ab")?;
/// check.push(b"c")?;
/// check.finish()?;
/// # Ok::<(), push_wire_shared::frame::AssetError>(())
/// ```
#[derive(Clone, Debug)]
pub struct AssetCheck {
    size: u64,
    received: u64,
    expected: [u8; 32],
    hasher: Sha256,
}

impl AssetCheck {
    /// The check of an asset of `size` bytes with this SHA-256 in hexadecimal, for a receiver that takes at most `limit`
    /// bytes.
    ///
    /// # Errors
    /// [`AssetError::TooLarge`], [`AssetError::BadHash`].
    pub fn new(size: u64, sha256: &str, limit: u64) -> Result<Self, AssetError> {
        if size > limit {
            return Err(AssetError::TooLarge { size, limit });
        }
        let mut expected = [0; 32];
        hex::decode_to_slice(sha256, &mut expected).map_err(|_| AssetError::BadHash)?;
        Ok(Self {
            size,
            received: 0,
            expected,
            hasher: Sha256::new(),
        })
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`AssetError::WrongSize`] if they are more than the envelope states; the rest need not be received.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), AssetError> {
        self.received += bytes.len() as u64;
        if self.received > self.size {
            return Err(self.wrong_size());
        }
        self.hasher.update(bytes);
        Ok(())
    }

    /// Checks that all bytes were taken, and their hash.
    ///
    /// # Errors
    /// [`AssetError::WrongSize`], [`AssetError::WrongHash`].
    pub fn finish(self) -> Result<(), AssetError> {
        if self.received != self.size {
            return Err(self.wrong_size());
        }
        let hash: [u8; 32] = self.hasher.finalize().into();
        if hash != self.expected {
            return Err(AssetError::WrongHash);
        }
        Ok(())
    }

    const fn wrong_size(&self) -> AssetError {
        AssetError::WrongSize {
            size: self.size,
            actual: self.received,
        }
    }
}

impl BinaryEnvelope {
    /// Media type, as the sender states it.
    #[must_use]
    pub fn mime(&self) -> &str {
        match self {
            Self::Inline { mime, .. } | Self::Pointer { mime, .. } => mime,
        }
    }

    /// File name to show.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Inline { name, .. } | Self::Pointer { name, .. } => name.as_deref(),
        }
    }

    /// URL to fetch the bytes from; `None` if they are inline.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Inline { .. } => None,
            Self::Pointer { url, .. } => Some(url),
        }
    }

    /// The check of this asset's bytes, for a receiver that takes at most `limit` bytes.
    ///
    /// # Errors
    /// [`AssetError::TooLarge`], [`AssetError::BadHash`].
    pub fn check(&self, limit: u64) -> Result<AssetCheck, AssetError> {
        let (Self::Inline { size, sha256, .. } | Self::Pointer { size, sha256, .. }) = self;
        AssetCheck::new(*size, sha256, limit)
    }

    /// The checked bytes of an inline asset of at most `limit` bytes.
    ///
    /// # Errors
    /// [`AssetError`]; [`AssetError::NotInline`] for a URL.
    pub fn open_inline(&self, limit: u64) -> Result<Vec<u8>, AssetError> {
        let Self::Inline { data_base64, .. } = self else {
            return Err(AssetError::NotInline);
        };
        let mut check = self.check(limit)?;
        let bytes = decode(data_base64, check.size)?;
        check.push(&bytes)?;
        check.finish()?;
        Ok(bytes)
    }
}

/// Decodes base64 that states to have `size` bytes. Longer text is refused before memory is allocated for it.
fn decode(text: &str, size: u64) -> Result<Vec<u8>, AssetError> {
    // Every four characters make up to three bytes.
    let actual = (text.len() as u64 / 4).saturating_mul(3).saturating_sub(2);
    if actual > size {
        return Err(AssetError::WrongSize { size, actual });
    }
    STANDARD.decode(text).map_err(|_| AssetError::BadBase64)
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec;

    use proptest::prelude::*;

    use super::*;

    fn envelope(bytes: &[u8]) -> BinaryEnvelope {
        BinaryEnvelope::Inline {
            mime: "image/png".into(),
            sha256: hex::encode(Sha256::digest(bytes)),
            size: bytes.len() as u64,
            data_base64: STANDARD.encode(bytes),
            name: Some("a.png".into()),
        }
    }

    proptest! {
        #[test]
        fn opens_what_was_sent(bytes: Vec<u8>, spare in 0u64..10) {
            let envelope = envelope(&bytes);
            prop_assert_eq!(envelope.open_inline(bytes.len() as u64 + spare), Ok(bytes));
        }

        #[test]
        fn refuses_other_bytes(bytes: Vec<u8>, other: Vec<u8>) {
            prop_assume!(bytes != other);
            let BinaryEnvelope::Inline { mime, sha256, size, .. } = envelope(&bytes) else {
                unreachable!("an inline envelope");
            };
            let data_base64 = STANDARD.encode(&other);
            let forged = BinaryEnvelope::Inline { mime, sha256, size, data_base64, name: None };
            let error = forged.open_inline(1 << 20).unwrap_err();
            if bytes.len() == other.len() {
                prop_assert_eq!(error, AssetError::WrongHash);
            } else {
                let is_size = matches!(error, AssetError::WrongSize { .. });
                prop_assert!(is_size, "{error}");
            }
        }

        #[test]
        fn any_text_is_decoded_or_refused(data_base64: String, size: u64, sha256: String) {
            let mime = "text/plain".into();
            let envelope = BinaryEnvelope::Inline { mime, sha256, size, data_base64, name: None };
            drop(envelope.open_inline(1 << 20));
        }

        /// The check is the same however the bytes are divided.
        #[test]
        fn checks_bytes_in_pieces(bytes: Vec<u8>, piece in 1..100usize) {
            let mut check = envelope(&bytes).check(bytes.len() as u64).unwrap();
            for piece in bytes.chunks(piece) {
                prop_assert_eq!(check.push(piece), Ok(()));
            }
            prop_assert_eq!(check.clone().finish(), Ok(()));
            prop_assert!(check.push(b"x").is_err());
        }
    }

    #[test]
    fn errors_say_what_is_wrong() {
        let limit = 2;
        let envelope = envelope(b"abc");
        let too_large = AssetError::TooLarge { size: 3, limit };
        assert_eq!(envelope.open_inline(limit), Err(too_large));
        assert_eq!(
            AssetCheck::new(3, "ab", 3).unwrap_err(),
            AssetError::BadHash
        );
        let hash = hex::encode_upper(Sha256::digest(b"abc"));
        let missing = AssetCheck::new(3, &hash, 3).unwrap().finish();
        let wrong_size = AssetError::WrongSize { size: 3, actual: 0 };
        assert_eq!(missing, Err(wrong_size));
        let inline = |data_base64: &str| BinaryEnvelope::Inline {
            mime: "image/png".into(),
            sha256: hash.clone(),
            size: 3,
            data_base64: data_base64.into(),
            name: None,
        };
        assert_eq!(inline("YWJj").open_inline(3), Ok(vec![b'a', b'b', b'c']));
        for wrong in ["YWJ", "YW!j", "YWJj\n"] {
            assert_eq!(inline(wrong).open_inline(3), Err(AssetError::BadBase64));
        }
        // Refused by the length of the text alone.
        let long = inline(&"!".repeat(1_000)).open_inline(3);
        assert!(matches!(long, Err(AssetError::WrongSize { size: 3, .. })));
    }

    #[test]
    fn a_pointer_has_to_be_fetched() {
        let pointer = BinaryEnvelope::Pointer {
            mime: "image/gif".into(),
            sha256: hex::encode(Sha256::digest(b"abc")),
            size: 3,
            url: "/a.gif".into(),
            name: None,
        };
        assert_eq!(pointer.open_inline(3), Err(AssetError::NotInline));
        assert_eq!(
            (pointer.mime(), pointer.url()),
            ("image/gif", Some("/a.gif"))
        );
        let mut check = pointer.check(3).unwrap();
        check.push(b"abc").unwrap();
        assert_eq!(check.finish(), Ok(()));
    }
}
