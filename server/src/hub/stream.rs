//! One stream: its log, and the readers to wake when an entry is appended.

use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use push_wire_broker::{Log, Watcher};
use push_wire_shared::channel::ChannelMode;
use push_wire_shared::position::{Cursor, Scope, StreamKey};
use push_wire_shared::time::Moment;

use super::shares::Share;
use super::streams::Streams;
use super::{Attachment, Subscriber, lock};
use crate::policy::{Compression, MaxLag, SlowReaders};

/// Settings of a stream.
#[derive(Debug)]
pub(super) struct StreamSettings {
    pub(super) number: u64,
    pub(super) key: StreamKey,
    pub(super) lane: usize,
    pub(super) mode: ChannelMode,
    pub(super) compression: Compression,
    pub(super) slow_readers: SlowReaders,
}

/// One stream of the hub.
pub(crate) struct Stream {
    settings: StreamSettings,
    log: Arc<dyn Log>,
    readers: Mutex<Vec<Arc<Subscriber>>>,
    attachment: Attachment,
    streams: Weak<Streams>,
    /// Number of open handles.
    handles: AtomicUsize,
    /// True if [`Streams`] has scheduled a check of it.
    due: AtomicBool,
    /// Time at which its newest entry was published here, in nanoseconds since the origin.
    published: AtomicU64,
    /// Present while it counts towards the limit of the session's owner that created it.
    share: Mutex<Option<Share>>,
    has_share: AtomicBool,
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("number", &self.settings.number)
            .field("key", &self.settings.key)
            .finish_non_exhaustive()
    }
}

impl Stream {
    pub(super) fn new(
        settings: StreamSettings,
        log: Arc<dyn Log>,
        streams: Weak<Streams>,
        share: Option<Share>,
    ) -> Arc<Self> {
        let stream = Arc::new(Self {
            settings,
            log,
            readers: Mutex::default(),
            attachment: Attachment::default(),
            streams,
            handles: AtomicUsize::new(0),
            due: AtomicBool::new(false),
            published: AtomicU64::new(0),
            has_share: AtomicBool::new(share.is_some()),
            share: Mutex::new(share),
        });
        let watcher = Arc::downgrade(&stream);
        stream.log.watch(watcher);
        stream
    }

    pub(crate) const fn number(&self) -> u64 {
        self.settings.number
    }

    pub(crate) const fn channel(&self) -> u8 {
        self.settings.key.channel
    }

    pub(crate) const fn key(&self) -> &StreamKey {
        &self.settings.key
    }

    pub(crate) const fn lane(&self) -> usize {
        self.settings.lane
    }

    pub(crate) fn is_state(&self) -> bool {
        self.settings.mode == ChannelMode::State
    }

    /// Returns whether its entries may be sent compressed.
    pub(crate) fn is_compressed(&self) -> bool {
        self.settings.compression != Compression::Off
    }

    /// Returns the distance from the head beyond which a reader skips entries, if it does.
    pub(crate) const fn max_lag(&self) -> Option<&MaxLag> {
        match &self.settings.slow_readers {
            SlowReaders::Drop(max) => Some(max),
            SlowReaders::Lag | SlowReaders::Conflate => None,
        }
    }

    pub(crate) const fn is_inbox(&self) -> bool {
        matches!(self.settings.key.scope, Scope::Inbox(_))
    }

    pub(super) const fn is_topic(&self) -> bool {
        matches!(self.settings.key.scope, Scope::Topic(_))
    }

    pub(crate) fn log(&self) -> &dyn Log {
        &*self.log
    }

    pub(crate) fn add_reader(&self, subscriber: Arc<Subscriber>) {
        let mut readers = lock(&self.readers);
        subscriber.set_place(readers.len());
        readers.push(subscriber);
    }

    /// Removes a reader in constant time, since there may be very many.
    pub(crate) fn remove_reader(&self, subscriber: &Arc<Subscriber>) {
        let mut readers = lock(&self.readers);
        let place = subscriber.place();
        if readers
            .get(place)
            .is_some_and(|reader| Arc::ptr_eq(reader, subscriber))
        {
            readers.swap_remove(place);
            if let Some(moved) = readers.get(place) {
                moved.set_place(place);
            }
        }
    }

    #[cfg(feature = "__internals")]
    pub(super) fn readers(&self) -> usize {
        lock(&self.readers).len()
    }

    /// Slot in which the dialects keep state.
    pub(crate) const fn attachment(&self) -> &Attachment {
        &self.attachment
    }
}

/// Lifetime of the stream. Where two threads each write one of these flags and read the other, the accesses are
/// `SeqCst`, so that at least one sees the other's write.
impl Stream {
    /// Returns whether a handle is open.
    pub(super) fn is_open(&self) -> bool {
        self.handles.load(Ordering::SeqCst) > 0
    }

    /// Returns whether a check of it is scheduled.
    pub(super) fn is_due(&self) -> bool {
        self.due.load(Ordering::SeqCst)
    }

    /// Marks a check as scheduled; returns false if one was.
    pub(super) fn become_due(&self) -> bool {
        !self.due.swap(true, Ordering::SeqCst)
    }

    /// Marks the scheduled check as begun.
    pub(super) fn settle_due(&self) {
        self.due.store(false, Ordering::SeqCst);
    }

    /// Records the time of a published entry.
    pub(super) fn note_published(&self, now: Moment) {
        let nanos = now.since_origin().as_nanos();
        let nanos = u64::try_from(nanos).unwrap_or(u64::MAX);
        self.published.fetch_max(nanos, Ordering::Relaxed);
    }

    /// Returns the time at which the newest entry was published here.
    pub(super) fn newest_published(&self) -> Moment {
        Moment::after_origin(Duration::from_nanos(self.published.load(Ordering::Relaxed)))
    }

    /// Ends the counting towards the owner of a session, since the application publishes to it.
    pub(super) fn belongs_to_application(&self) {
        if self.has_share.load(Ordering::Relaxed) {
            self.has_share.store(false, Ordering::Relaxed);
            lock(&self.share).take();
        }
    }
}

impl Watcher for Stream {
    fn head_moved(&self, _head: Cursor) {
        lock(&self.readers)
            .iter()
            .for_each(|subscriber| subscriber.raise());
    }
}

/// Handle of an open stream, which exists at least as long as this.
#[derive(Debug)]
pub(crate) struct OpenStream(Arc<Stream>);

impl OpenStream {
    /// To be called under the lock of the table that holds the stream.
    pub(super) fn new(stream: &Arc<Stream>) -> Self {
        stream.handles.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(stream))
    }
}

impl Clone for OpenStream {
    fn clone(&self) -> Self {
        Self::new(&self.0)
    }
}

impl Deref for OpenStream {
    type Target = Arc<Stream>;

    fn deref(&self) -> &Arc<Stream> {
        &self.0
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        let is_last = self.0.handles.fetch_sub(1, Ordering::SeqCst) == 1;
        if is_last && let Some(streams) = self.0.streams.upgrade() {
            streams.closed(&self.0);
        }
    }
}
