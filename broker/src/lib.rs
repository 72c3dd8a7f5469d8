//! Store of a push-wire server's logs.
//!
//! A [`Broker`] opens logs; a [`Log`] numbers the entries of one stream, keeps them as long as its [`Retention`]
//! permits, and calls a [`Watcher`] when the head moves. [`Memory`] is the embedded default: the log that it keeps *is*
//! the log that readers read, so it costs no second copy of an entry and no extra hop.
//!
//! Calls that a networked broker cannot answer at once are polled: `Memory` is always ready.

mod entry;
mod epochs;
mod memory;
mod retention;
mod ring;

use std::fmt::Debug;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

pub use entry::{Entry, Record};
pub use memory::Memory;
use push_wire_shared::position::{Bounds, Cursor, Position, StreamKey, Tag};
use push_wire_shared::time::Moment;
pub use retention::Retention;

/// Store of logs.
pub trait Broker: Debug + Send + Sync + 'static {
    /// Opens the log of a stream, created if there is none; `retention` applies from now on.
    fn open(&self, key: &StreamKey, retention: Retention) -> Arc<dyn Log>;

    /// Removes a stream and its entries; opened again, it has another epoch, unless it never held an entry.
    fn remove(&self, key: &StreamKey);
}

/// The log of one stream.
pub trait Log: Debug + Send + Sync {
    /// Epoch, floor and head of the log.
    fn bounds(&self, now: Moment) -> Bounds;

    /// Tag of the entry at a cursor from the floor on; [`Tag::UNKNOWN`] if it is not known.
    fn tag(&self, cursor: Cursor) -> Tag;

    /// Returns the distance between a cursor and the head; `None` if entries after the cursor are past retention.
    fn lag(&self, now: Moment, after: Cursor) -> Option<Lag>;

    /// Appends an entry, numbers it and draws its tag.
    ///
    /// # Errors
    /// [`AppendError`]; nothing was added.
    fn append(&self, now: Moment, record: Record) -> Result<Position, AppendError>;

    /// Reads entries after a cursor, oldest first, into `out`: at least one if there is one, then as many as
    /// `limit_bytes` of bodies allow.
    ///
    /// # Errors
    /// [`ReadError`]; nothing was added to `out`.
    fn poll_read(
        &self,
        cx: &mut Context<'_>,
        now: Moment,
        after: Cursor,
        limit_bytes: usize,
        out: &mut Vec<Arc<Entry>>,
    ) -> Poll<Result<(), ReadError>>;

    /// Reads the newest entry and, if it is still kept, the entry at `base`, for a reader of a state.
    ///
    /// # Errors
    /// [`ReadError`].
    fn poll_newest(
        &self,
        cx: &mut Context<'_>,
        now: Moment,
        base: Option<Cursor>,
    ) -> Poll<Result<Newest, ReadError>>;

    /// Drops entries up to a cursor, which the only reader has acknowledged.
    fn release(&self, upto: Cursor);

    /// Sets the watcher that is called when the head moves. A log has one, the last one set.
    fn watch(&self, watcher: Weak<dyn Watcher>);
}

/// Distance of a reader from the head: the entries that it has not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Lag {
    /// Number of entries.
    pub entries: u64,
    /// Bytes of their bodies.
    pub bytes: usize,
    /// Age of the oldest of them; zero without entries.
    pub age: Duration,
}

/// Callback for changes of a log.
pub trait Watcher: Send + Sync {
    /// Entries up to `head` can be read now.
    fn head_moved(&self, head: Cursor);
}

/// The newest entry of a log.
#[derive(Debug)]
pub struct Newest {
    /// The newest entry; `None` in a log without entries.
    pub entry: Option<Arc<Entry>>,
    /// The entry requested as a base, if it is still kept.
    pub base: Option<Arc<Entry>>,
}

/// Error of adding an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The broker cannot be reached.
    #[error("the broker cannot be reached")]
    Unavailable,
    /// The stream was removed before the entry was added: open it again.
    #[error("the stream was removed before the entry was added")]
    Removed,
}

/// Error of reading entries.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReadError {
    /// Entries after the cursor are past retention.
    #[error("entries after the cursor are past retention")]
    Expired,
    /// The broker cannot be reached.
    #[error("the broker cannot be reached")]
    Unavailable,
}
