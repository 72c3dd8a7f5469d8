//! One dictionary of a channel.

use bytes::Bytes;
use push_wire_shared::compression::native::PreparedDictionary;
use push_wire_shared::compression::{CompressionDictionary, DictionaryError};
use push_wire_shared::session::op::DictionaryInfo;
use sha2::{Digest, Sha256};

/// Clients that may read the samples of a dictionary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Audience {
    /// Those that may read the channel itself, from which it was trained.
    Channel,
    /// Those that may read any stream of the channel.
    All,
}

/// A dictionary, prepared for compressing, with the bytes that clients fetch.
#[derive(Debug)]
pub(crate) struct Dictionary {
    info: DictionaryInfo,
    zstd_id: u32,
    audience: Audience,
    bytes: Bytes,
    prepared: PreparedDictionary,
}

impl Dictionary {
    pub(super) fn new(
        id: u32,
        channel: u8,
        audience: Audience,
        bytes: Vec<u8>,
    ) -> Result<Self, DictionaryError> {
        let sha256 = Sha256::digest(&bytes).into();
        let dictionary = CompressionDictionary::new(id, bytes);
        // The C library would take any bytes, the browser's decoder would not.
        let zstd_id = dictionary.zstd_id().ok_or(DictionaryError::Malformed)?;
        let prepared = PreparedDictionary::new(&dictionary)?;
        let bytes = Bytes::from(dictionary.bytes);
        let info = DictionaryInfo {
            id,
            channel,
            sha256,
            // At most `DICTIONARY_BYTES`, or it would not have been prepared.
            bytes: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
        };
        Ok(Self {
            info,
            zstd_id,
            audience,
            bytes,
            prepared,
        })
    }

    /// Description sent to clients.
    pub(crate) const fn info(&self) -> &DictionaryInfo {
        &self.info
    }

    /// Clients that may fetch it.
    pub(crate) const fn audience(&self) -> Audience {
        self.audience
    }

    /// zstd's own id in it.
    pub(super) const fn zstd_id(&self) -> u32 {
        self.zstd_id
    }

    /// Bytes that clients fetch.
    pub(crate) const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The dictionary made ready for compressing.
    pub(crate) const fn prepared(&self) -> &PreparedDictionary {
        &self.prepared
    }
}
