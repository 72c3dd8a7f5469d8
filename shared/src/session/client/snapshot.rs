//! Kept state of a client: what it needs to go on after a restart or a page reload, as bytes.
//!
//! ```text
//! ["PW": 2][version: 1][client id: 16][flags: 1][secret: 16, if bit 0][attempts: varint, if bit 1]
//! [count: varint] count × ([scope: 1][channel: text][topic: text, if scope is 1][epoch: 8 BE][cursor: varint][tag: 4 BE])
//! [first bytes of the SHA-256 of all before: 8]
//! text = [length: 1][bytes in UTF-8]
//! ```

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use uuid::Uuid;

use crate::delta;
use crate::limits::{MAX_TOPIC_BYTES, SNAPSHOT_BYTES, SUBSCRIPTIONS};
use crate::position::{Epoch, Position, Tag};
use crate::session::op::ScopeRequest;
use crate::session::wire::{read_varint, write_varint};

const MAGIC: [u8; 2] = *b"PW";
const VERSION: u8 = 1;

const HAS_SECRET: u8 = 1;
const HAS_ATTEMPTS: u8 = 2;

const CHANNEL: u8 = 0;
const TOPIC: u8 = 1;
const INBOX: u8 = 2;

const CHECK_BYTES: usize = 8;

/// Kept state of a client.
///
/// It contains the session's secret: store the bytes as carefully as a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The client's id.
    pub client_id: Uuid,
    /// Secret of its session.
    pub secret: Option<[u8; 16]>,
    /// Number of attempts to connect so far, if they are counted.
    pub attempts: Option<u64>,
    /// Positions up to which it has handled its streams, least recently used first; at most [`SUBSCRIPTIONS`].
    pub positions: Vec<KeptPosition>,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("client_id", &self.client_id)
            .field("attempts", &self.attempts)
            .field("positions", &self.positions)
            .finish_non_exhaustive()
    }
}

/// Position of one stream in a [`Snapshot`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptPosition {
    /// Name of the channel.
    pub channel: String,
    /// Stream of the channel.
    pub scope: ScopeRequest,
    /// Everything up to here was handled.
    pub position: Position,
}

impl KeptPosition {
    fn is_of_stream_of(&self, other: &Self) -> bool {
        self.channel == other.channel && self.scope == other.scope
    }

    /// The farther one, or `other` if it is of another epoch.
    fn later(self, other: Self) -> Self {
        let (mine, others) = (self.position, other.position);
        let is_farther = mine.epoch == others.epoch && mine.cursor > others.cursor;
        if is_farther { self } else { other }
    }
}

/// Bytes that are not a snapshot of this version.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// More than [`SNAPSHOT_BYTES`].
    #[error("a snapshot of {0} bytes; the most is {SNAPSHOT_BYTES}")]
    TooLarge(usize),
    /// Not a snapshot.
    #[error("not a snapshot of a client")]
    Foreign,
    /// Written by another version.
    #[error("a snapshot of version {0}; this is version {VERSION}")]
    Version(u8),
    /// Cut off or changed.
    #[error("the snapshot is damaged")]
    Damaged,
}

impl Snapshot {
    /// Positions that several clients of one application have kept, for the client with this id: of each stream the one with the
    /// highest cursor, in the epoch that the latest client knew, and of inboxes those of its own; at most [`SUBSCRIPTIONS`]. The
    /// latest client has the highest number of attempts.
    #[must_use]
    pub fn merged_positions(mut snapshots: Vec<Self>, client_id: Uuid) -> Vec<KeptPosition> {
        let mut merged: Vec<KeptPosition> = Vec::new();
        // From the earliest to the latest. They are few, and a sort takes 4 KB of a browser's module.
        while let Some(at) = (0..snapshots.len()).min_by_key(|&at| snapshots[at].attempts) {
            let snapshot = snapshots.remove(at);
            for kept in snapshot.positions {
                if kept.scope == ScopeRequest::Inbox && snapshot.client_id != client_id {
                    continue;
                }
                let before = merged.iter().position(|other| other.is_of_stream_of(&kept));
                let kept = match before.map(|at| merged.remove(at)) {
                    Some(before) => before.later(kept),
                    None => kept,
                };
                merged.push(kept);
            }
        }
        merged.split_off(merged.len().saturating_sub(SUBSCRIPTIONS))
    }

    /// Writes the snapshot as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::from(MAGIC);
        out.push(VERSION);
        out.extend_from_slice(self.client_id.as_bytes());
        let flags = [
            (self.secret.is_some(), HAS_SECRET),
            (self.attempts.is_some(), HAS_ATTEMPTS),
        ];
        out.push(
            flags
                .iter()
                .map(|(is_set, bit)| u8::from(*is_set) * bit)
                .sum(),
        );
        out.extend_from_slice(self.secret.as_ref().map_or(&[], |secret| &secret[..]));
        if let Some(attempts) = self.attempts {
            write_varint(&mut out, attempts);
        }
        let positions = &self.positions[self.positions.len().saturating_sub(SUBSCRIPTIONS)..];
        write_varint(&mut out, positions.len() as u64);
        for position in positions {
            position.write(&mut out);
        }
        let check = delta::check(&out).sha256();
        out.extend_from_slice(&check[..CHECK_BYTES]);
        out
    }

    /// Reads the bytes of [`encode`](Self::encode).
    ///
    /// # Errors
    /// [`SnapshotError`]: the client has to start without a snapshot.
    pub fn decode(bytes: &[u8]) -> Result<Self, SnapshotError> {
        if bytes.len() > SNAPSHOT_BYTES {
            return Err(SnapshotError::TooLarge(bytes.len()));
        }
        let rest = bytes.strip_prefix(&MAGIC).ok_or(SnapshotError::Foreign)?;
        let (&version, _) = rest.split_first().ok_or(SnapshotError::Damaged)?;
        if version != VERSION {
            return Err(SnapshotError::Version(version));
        }
        let (body, check) = bytes
            .split_last_chunk::<CHECK_BYTES>()
            .ok_or(SnapshotError::Damaged)?;
        if delta::check(body).sha256()[..CHECK_BYTES] != *check {
            return Err(SnapshotError::Damaged);
        }
        let fields = body.get(MAGIC.len() + 1..).ok_or(SnapshotError::Damaged)?;
        Self::read(&mut Fields(fields)).ok_or(SnapshotError::Damaged)
    }

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let client_id = Uuid::from_bytes(fields.chunk()?);
        let flags = fields.byte()?;
        if flags & !(HAS_SECRET | HAS_ATTEMPTS) != 0 {
            return None;
        }
        let secret = match flags & HAS_SECRET {
            0 => None,
            _ => Some(fields.chunk()?),
        };
        let attempts = match flags & HAS_ATTEMPTS {
            0 => None,
            _ => Some(fields.varint()?),
        };
        let count = usize::try_from(fields.varint()?).ok()?;
        if count > SUBSCRIPTIONS {
            return None;
        }
        let mut positions = Vec::new();
        for _ in 0..count {
            positions.push(KeptPosition::read(fields)?);
        }
        fields.0.is_empty().then_some(Self {
            client_id,
            secret,
            attempts,
            positions,
        })
    }
}

impl KeptPosition {
    fn write(&self, out: &mut Vec<u8>) {
        let (scope, topic) = match &self.scope {
            ScopeRequest::Channel => (CHANNEL, None),
            ScopeRequest::Topic(topic) => (TOPIC, Some(topic)),
            ScopeRequest::Inbox => (INBOX, None),
        };
        out.push(scope);
        write_text(out, &self.channel);
        if let Some(topic) = topic {
            write_text(out, topic);
        }
        out.extend_from_slice(&self.position.epoch.0.to_be_bytes());
        write_varint(out, self.position.cursor);
        out.extend_from_slice(&self.position.tag.0.to_be_bytes());
    }

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let scope = fields.byte()?;
        let channel = fields.text()?;
        let scope = match scope {
            CHANNEL => ScopeRequest::Channel,
            TOPIC => ScopeRequest::Topic(fields.text()?),
            INBOX => ScopeRequest::Inbox,
            _ => return None,
        };
        let position = Position {
            epoch: Epoch(u64::from_be_bytes(fields.chunk()?)),
            cursor: fields.varint()?,
            tag: Tag(u32::from_be_bytes(fields.chunk()?)),
        };
        Some(Self {
            channel,
            scope,
            position,
        })
    }
}

/// Writes a name, which has 1 to 255 bytes as subscriptions check; a longer one is cut and found damaged.
fn write_text(out: &mut Vec<u8>, text: &str) {
    let bytes = &text.as_bytes()[..text.len().min(MAX_TOPIC_BYTES)];
    out.push(u8::try_from(bytes.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(bytes);
}

/// Fields that are still to be read.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(byte)
    }

    fn chunk<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (chunk, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*chunk)
    }

    fn varint(&mut self) -> Option<u64> {
        let (value, rest) = read_varint(self.0).ok()?;
        self.0 = rest;
        Some(value)
    }

    fn text(&mut self) -> Option<String> {
        let len = usize::from(self.byte()?);
        let (text, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        let text = core::str::from_utf8(text).ok()?;
        (!text.is_empty()).then(|| text.into())
    }
}
