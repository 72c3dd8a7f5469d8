//! One stream: its log, and the readers to subscriber when the log has news.

use std::sync::{Arc, Mutex};

use push_wire_broker::{Log, Watcher};
use push_wire_shared::channel::ChannelMode;
use push_wire_shared::position::{Cursor, Scope, StreamKey};
use push_wire_shared::time::Moment;

use super::{Attachment, Subscriber, lock};
use crate::policy::Compression;

/// One stream of the hub.
pub(crate) struct Stream {
    number: u64,
    key: StreamKey,
    lane: usize,
    mode: ChannelMode,
    compression: Compression,
    log: Arc<dyn Log>,
    readers: Mutex<Vec<Arc<Subscriber>>>,
    attachment: Attachment,
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream")
            .field("number", &self.number)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl Stream {
    pub(super) fn new(
        number: u64,
        key: StreamKey,
        lane: usize,
        mode: ChannelMode,
        compression: Compression,
        log: Arc<dyn Log>,
    ) -> Arc<Self> {
        let stream = Arc::new(Self {
            number,
            key,
            lane,
            mode,
            compression,
            log,
            readers: Mutex::default(),
            attachment: Attachment::default(),
        });
        let watcher = Arc::downgrade(&stream);
        stream.log.watch(watcher);
        stream
    }

    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    pub(crate) const fn channel(&self) -> u8 {
        self.key.channel
    }

    pub(crate) const fn key(&self) -> &StreamKey {
        &self.key
    }

    pub(crate) const fn lane(&self) -> usize {
        self.lane
    }

    pub(crate) fn is_state(&self) -> bool {
        self.mode == ChannelMode::State
    }

    /// Whether its entries may leave compressed.
    pub(crate) fn is_compressed(&self) -> bool {
        self.compression != Compression::Off
    }

    pub(crate) const fn is_inbox(&self) -> bool {
        matches!(self.key.scope, Scope::Inbox(_))
    }

    pub(crate) fn log(&self) -> &dyn Log {
        &*self.log
    }

    pub(crate) fn add_reader(&self, subscriber: Arc<Subscriber>) {
        let mut readers = lock(&self.readers);
        subscriber.set_place(readers.len());
        readers.push(subscriber);
    }

    /// Takes a reader out without looking through the others, of whom there may be very many.
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

    /// Whether nobody reads it and it holds nothing.
    pub(super) fn is_idle(&self, now: Moment) -> bool {
        if !lock(&self.readers).is_empty() {
            return false;
        }
        let bounds = self.log.bounds(now);
        bounds.floor == bounds.head
    }

    /// State that the dialects keep with the stream.
    pub(crate) const fn attachment(&self) -> &Attachment {
        &self.attachment
    }
}

impl Watcher for Stream {
    fn news(&self, _head: Cursor) {
        lock(&self.readers)
            .iter()
            .for_each(|subscriber| subscriber.raise());
    }
}
