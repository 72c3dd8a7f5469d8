//! Decompression of entries, and the dictionaries that it needs (docs/protocol.md sections 4.5 and 5.7).

use alloc::vec;
use alloc::vec::Vec;

use bytes::Bytes;

use super::Output;
use super::error::ConnectionError;
use super::link::{ID_BYTES, Link};
use crate::close::CloseReason;
use crate::compression::{CompressionDictionary, DecompressError, Decompressor, short};
use crate::delta;
use crate::limits::{DICTIONARIES, DICTIONARIES_PER_CHANNEL, DICTIONARY_BYTES};
use crate::session::op::{ClientOp, DictionaryInfo};
use crate::session::wire::Body;

/// Decompressor of a session, and its dictionaries.
#[derive(Debug)]
pub(super) struct Dictionaries {
    /// Compressed entries are accepted.
    is_on: bool,
    /// Created with the first compressed entry or dictionary, since many sessions get none.
    decompressor: Option<Decompressor>,
    /// Fetched dictionaries, oldest first; kept over connections.
    held: Vec<Held>,
    last_local: u32,
    /// Dictionaries that the server has named on this connection, oldest first.
    named: Vec<DictionaryInfo>,
}

/// A fetched dictionary.
#[derive(Debug)]
struct Held {
    sha256: [u8; 32],
    /// Id in the decompressor. The server's id may change with the connection.
    local: u32,
}

impl Dictionaries {
    pub(super) const fn new(is_on: bool) -> Self {
        Self {
            is_on,
            decompressor: None,
            held: Vec::new(),
            last_local: 0,
            named: Vec::new(),
        }
    }

    /// Records a dictionary that the server names, and requests it unless it was fetched before.
    pub(super) fn named(&mut self, info: DictionaryInfo, link: &mut Link) {
        if !self.is_on || !self.name(info) {
            return;
        }
        if self.local(&info.sha256).is_some() {
            link.send(&ClientOp::Have(vec![info.id]));
        } else {
            let sha256 = info.sha256;
            link.outputs.push(Output::FetchDictionary { sha256 });
        }
    }

    /// Adds a fetched dictionary, and sends `have` with the server's ids of it if there is a connection. Returns
    /// whether the bytes are that dictionary.
    pub(super) fn fetched(
        &mut self,
        sha256: [u8; 32],
        bytes: Vec<u8>,
        is_ready: bool,
        link: &mut Link,
    ) -> bool {
        if delta::check(&bytes).sha256() != sha256 || !self.hold(sha256, bytes) {
            return false;
        }
        link.outputs.stats.dictionaries += 1;
        let named = self.named.iter().filter(|info| info.sha256 == sha256);
        let ids: Vec<u32> = named.map(|info| info.id).collect();
        if is_ready {
            link.send_list(&ids, ID_BYTES, ClientOp::Have);
        }
        true
    }

    /// Forgets the ids of the connection that has ended.
    pub(super) fn disconnected(&mut self) {
        self.named.clear();
    }

    /// Records the server's id of a dictionary, to be confirmed with `have`. Of each channel the newest two count; an
    /// id beyond the limits is dropped and never confirmed, so the server does not use it. Returns whether it was
    /// recorded.
    fn name(&mut self, info: DictionaryInfo) -> bool {
        self.named.retain(|named| named.id != info.id);
        let of_channel = |named: &DictionaryInfo| named.channel == info.channel;
        if self.named.iter().filter(|named| of_channel(named)).count() == DICTIONARIES_PER_CHANNEL
            && let Some(oldest) = self.named.iter().position(of_channel)
        {
            self.named.remove(oldest);
        }
        let is_usable = info.id != 0
            && usize::try_from(info.bytes).is_ok_and(|bytes| bytes <= DICTIONARY_BYTES)
            && self.named.len() < DICTIONARIES;
        if is_usable {
            self.named.push(info);
        }
        is_usable
    }

    fn local(&self, sha256: &[u8; 32]) -> Option<u32> {
        let held = self.held.iter().find(|held| held.sha256 == *sha256)?;
        Some(held.local)
    }

    /// Adds a dictionary to the decompressor. Returns whether it is valid.
    fn hold(&mut self, sha256: [u8; 32], bytes: Vec<u8>) -> bool {
        if self.local(&sha256).is_some() {
            return true;
        }
        self.make_room();
        let local = self.last_local + 1;
        let dictionary = CompressionDictionary::new(local, bytes);
        let decompressor = self.decompressor.get_or_insert_default();
        if decompressor.add_dictionary(&dictionary).is_err() {
            return false;
        }
        self.last_local = local;
        self.held.push(Held { sha256, local });
        true
    }

    /// Removes the oldest that has no id on this connection, if there are too many.
    fn make_room(&mut self) {
        if self.held.len() < DICTIONARIES {
            return;
        }
        let named = &self.named;
        let is_named = |held: &Held| named.iter().any(|info| info.sha256 == held.sha256);
        let Some(at) = self.held.iter().position(|held| !is_named(held)) else {
            return;
        };
        let held = self.held.remove(at);
        if let Some(decompressor) = &mut self.decompressor {
            decompressor.remove_dictionary(held.local);
        }
    }

    /// Decompresses a body.
    pub(super) fn unpack(
        &mut self,
        body: Body<'_>,
        max_bytes: usize,
    ) -> Result<Bytes, ConnectionError> {
        if !self.is_on {
            let what = "a compressed entry, which was not asked for";
            return Err(ConnectionError::protocol(what));
        }
        self.decompress(body.bytes(), max_bytes).map_err(|error| {
            if matches!(error, DecompressError::TooLarge { .. }) {
                let what = "an entry that is above the size limit once decompressed";
                return ConnectionError::new(CloseReason::MessageTooLarge, what);
            }
            let what = match error {
                DecompressError::MissingDictionary(_) => {
                    "an entry compressed with a dictionary that this client does not have"
                }
                DecompressError::NotZstd
                | DecompressError::Malformed
                | DecompressError::LeftOut
                | DecompressError::TooLarge { .. }
                | DecompressError::WindowTooLarge { .. }
                | DecompressError::TrailingBytes => "a compressed entry that is damaged",
            };
            ConnectionError::protocol(what)
        })
    }

    fn decompress(&mut self, body: &[u8], max_bytes: usize) -> Result<Bytes, DecompressError> {
        let (id, rest) = short::split(body)?;
        let local = match id {
            0 => 0,
            _ => self
                .named
                .iter()
                .find(|named| named.id == id)
                .and_then(|named| self.local(&named.sha256))
                .ok_or(DecompressError::MissingDictionary(id))?,
        };
        let decompressor = self.decompressor.get_or_insert_default();
        let whole = decompressor.decompress(&short::expand(local, rest), max_bytes)?;
        Ok(Bytes::from(whole))
    }
}
