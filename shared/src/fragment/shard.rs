//! One fragment: its header, its bytes, and the splitting of a payload.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::FragmentError;

/// Length of a fragment's header: `[fragment id: 16][total: 2 BE][index: 2 BE]`.
pub const FRAGMENT_HEADER_LEN: usize = 20;

/// Header of a fragment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FragmentHeader {
    /// Id of the message: the same in all its fragments, and in no other unfinished message.
    pub fragment_id: Uuid,
    /// Number of fragments of the message.
    pub total: u16,
    /// Index of this one, from 0.
    pub index: u16,
}

impl FragmentHeader {
    /// The header as bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; FRAGMENT_HEADER_LEN] {
        let mut bytes = [0; FRAGMENT_HEADER_LEN];
        let (id, rest) = bytes.split_at_mut(16);
        let (total, index) = rest.split_at_mut(2);
        id.copy_from_slice(self.fragment_id.as_bytes());
        total.copy_from_slice(&self.total.to_be_bytes());
        index.copy_from_slice(&self.index.to_be_bytes());
        bytes
    }

    /// Splits a fragment into its header and its bytes.
    ///
    /// # Errors
    /// Fails if it is shorter than a header, or the index is not below the total.
    pub fn split(fragment: &[u8]) -> Result<(Self, &[u8]), FragmentError> {
        let (header, bytes) = fragment
            .split_first_chunk::<FRAGMENT_HEADER_LEN>()
            .ok_or(FragmentError::TooShort)?;
        let [id @ .., t1, t0, i1, i0] = *header;
        let header = Self {
            fragment_id: Uuid::from_bytes(id),
            total: u16::from_be_bytes([t1, t0]),
            index: u16::from_be_bytes([i1, i0]),
        };
        if header.index >= header.total {
            return Err(FragmentError::InvalidSize);
        }
        Ok((header, bytes))
    }
}

/// One fragment of a message, with its bytes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FragmentShard {
    /// Id of the message: the same in all its fragments, and in no other unfinished message.
    pub fragment_id: Uuid,
    /// Number of fragments of the message.
    pub total: u16,
    /// Index of this one, from 0.
    pub index: u16,
    /// Its bytes.
    pub payload: Vec<u8>,
}

impl FragmentShard {
    /// The fragment as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let header = FragmentHeader {
            fragment_id: self.fragment_id,
            total: self.total,
            index: self.index,
        };
        let mut out = Vec::with_capacity(FRAGMENT_HEADER_LEN + self.payload.len());
        out.extend_from_slice(&header.to_bytes());
        out.extend_from_slice(&self.payload);
        out
    }

    /// Reads a fragment; all bytes after the header are its payload.
    ///
    /// # Errors
    /// Fails if the bytes are shorter than a header, or the index is not below the total.
    pub fn decode(bytes: &[u8]) -> Result<Self, FragmentError> {
        let (header, payload) = FragmentHeader::split(bytes)?;
        Ok(Self {
            fragment_id: header.fragment_id,
            total: header.total,
            index: header.index,
            payload: payload.to_vec(),
        })
    }
}

/// Splits a payload into fragments of at most `payload_bytes` without the header. An empty payload is one empty fragment.
///
/// # Errors
/// Fails if `payload_bytes` is 0, or more than 65,535 fragments would be needed.
pub fn split(
    fragment_id: Uuid,
    payload: &[u8],
    payload_bytes: usize,
) -> Result<impl Iterator<Item = FragmentShard>, FragmentError> {
    if payload_bytes == 0 {
        return Err(FragmentError::InvalidSize);
    }
    let count = payload.len().div_ceil(payload_bytes).max(1);
    let total = u16::try_from(count).map_err(|_| FragmentError::TooManyFragments)?;
    Ok((0..total).map(move |index| {
        let start = usize::from(index) * payload_bytes;
        let end = payload.len().min(start + payload_bytes);
        FragmentShard {
            fragment_id,
            total,
            index,
            payload: payload[start..end].to_vec(),
        }
    }))
}
