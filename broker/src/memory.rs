//! The embedded broker: logs in this process's memory, lost when it ends.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};

use push_wire_shared::position::{Bounds, Cursor, Position, StreamKey, Tag};
use push_wire_shared::time::Moment;

use crate::epochs::Epochs;
use crate::ring::Ring;
use crate::{AppendError, Broker, Entry, Lag, Log, Newest, ReadError, Record, Retention, Watcher};

/// Source of the seeds of epochs and tags.
type Random = Box<dyn FnMut() -> u64 + Send>;

/// Broker that keeps logs in memory.
pub struct Memory {
    logs: Mutex<Logs>,
}

struct Logs {
    by_key: HashMap<StreamKey, Arc<MemoryLog>>,
    epochs: Epochs,
    random: Random,
}

impl Memory {
    /// An empty broker that draws a seed for the epochs of its logs, and one for the tags of each, from `random`.
    pub fn new(mut random: impl FnMut() -> u64 + Send + 'static) -> Self {
        Self {
            logs: Mutex::new(Logs {
                by_key: HashMap::new(),
                epochs: Epochs::new(random()),
                random: Box::new(random),
            }),
        }
    }

    /// A broker with a copy of these logs, as another process would read them from a store. For simulations.
    #[cfg(feature = "__internals")]
    #[doc(hidden)]
    pub fn copy(&self, mut random: impl FnMut() -> u64 + Send + 'static) -> Self {
        let (logs, seed) = (lock(&self.logs), random());
        let copied = logs.by_key.iter().map(|(key, log)| {
            let log = MemoryLog {
                ring: Mutex::new(lock(&log.ring).copy(seed)),
                watcher: Mutex::new(None),
            };
            (key.clone(), Arc::new(log))
        });
        let by_key = copied.collect();
        Self {
            logs: Mutex::new(Logs {
                by_key,
                epochs: logs.epochs.clone(),
                random: Box::new(random),
            }),
        }
    }

    /// Makes a stream's log lose its newest entries and go on under the same epoch, as a store does that was restored
    /// from an older copy; returns how many it had. For simulations; the log must have no readers.
    #[cfg(feature = "__internals")]
    #[doc(hidden)]
    pub fn lose_newest(&self, key: &StreamKey, count: usize) -> usize {
        let logs = lock(&self.logs);
        let log = logs.by_key.get(key);
        log.map_or(0, |log| lock(&log.ring).lose_newest(count))
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("logs", &lock(&self.logs).by_key.len())
            .finish_non_exhaustive()
    }
}

impl Broker for Memory {
    fn open(&self, key: &StreamKey, retention: Retention) -> Arc<dyn Log> {
        let mut logs = lock(&self.logs);
        if let Some(log) = logs.by_key.get(key) {
            lock(&log.ring).set_retention(retention);
            return Arc::clone(log) as Arc<dyn Log>;
        }
        let epoch = logs.epochs.of(key);
        let seed = (logs.random)();
        let log = Arc::new(MemoryLog {
            ring: Mutex::new(Ring::new(epoch, seed, retention)),
            watcher: Mutex::new(None),
        });
        logs.by_key.insert(key.clone(), Arc::clone(&log));
        log
    }

    fn remove(&self, key: &StreamKey) {
        let mut logs = lock(&self.logs);
        let Some(log) = logs.by_key.remove(key) else {
            return;
        };
        let mut ring = lock(&log.ring);
        ring.retire();
        if ring.bounds().head > 0 {
            logs.epochs.retire(key);
        }
    }
}

/// One stream's log.
struct MemoryLog {
    ring: Mutex<Ring>,
    watcher: Mutex<Option<Weak<dyn Watcher>>>,
}

impl MemoryLog {
    /// The ring, after dropping expired entries.
    fn ring_at(&self, now: Moment) -> MutexGuard<'_, Ring> {
        let mut ring = lock(&self.ring);
        ring.expire(now);
        ring
    }
}

impl fmt::Debug for MemoryLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryLog")
            .field("bounds", &lock(&self.ring).bounds())
            .finish_non_exhaustive()
    }
}

impl Log for MemoryLog {
    fn bounds(&self, now: Moment) -> Bounds {
        self.ring_at(now).bounds()
    }

    fn tag(&self, cursor: Cursor) -> Tag {
        lock(&self.ring).tag(cursor)
    }

    fn lag(&self, now: Moment, after: Cursor) -> Option<Lag> {
        self.ring_at(now).lag(now, after)
    }

    fn append(&self, now: Moment, record: Record) -> Result<Position, AppendError> {
        let position = {
            let mut ring = lock(&self.ring);
            if ring.is_retired() {
                return Err(AppendError::Removed);
            }
            ring.push(now, record)
        };
        let watcher = lock(&self.watcher).as_ref().and_then(Weak::upgrade);
        if let Some(watcher) = watcher {
            watcher.head_moved(position.cursor);
        }
        Ok(position)
    }

    fn poll_read(
        &self,
        _: &mut Context<'_>,
        now: Moment,
        after: Cursor,
        limit_bytes: usize,
        out: &mut Vec<Arc<Entry>>,
    ) -> Poll<Result<(), ReadError>> {
        Poll::Ready(self.ring_at(now).read(after, limit_bytes, out))
    }

    fn poll_newest(
        &self,
        _: &mut Context<'_>,
        now: Moment,
        base: Option<Cursor>,
    ) -> Poll<Result<Newest, ReadError>> {
        let ring = self.ring_at(now);
        Poll::Ready(Ok(Newest {
            entry: ring.newest().cloned(),
            base: base.and_then(|base| ring.get(base)).cloned(),
        }))
    }

    fn release(&self, upto: Cursor) {
        lock(&self.ring).release(upto);
    }

    fn watch(&self, watcher: Weak<dyn Watcher>) {
        *lock(&self.watcher) = Some(watcher);
    }
}

/// Locks a mutex, also after a panic: no holder here calls other code, so the state is consistent.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use push_wire_shared::encoding::Content;
    use push_wire_shared::position::Scope;

    use super::*;

    fn key(topic: &str) -> StreamKey {
        StreamKey {
            channel: 1,
            scope: Scope::Topic(topic.into()),
        }
    }

    fn append(log: &Arc<dyn Log>) -> Result<Position, AppendError> {
        let record = Record {
            content: Content::Bytes,
            body: Bytes::from_static(b"entry"),
        };
        log.append(Moment::after_origin(Duration::ZERO), record)
    }

    fn memory() -> Memory {
        Memory::new(|| 7)
    }

    #[test]
    fn removed_log_begins_anew() {
        let memory = memory();
        let before = append(&memory.open(&key("a"), Retention::log())).unwrap();
        memory.remove(&key("a"));
        let after = append(&memory.open(&key("a"), Retention::log())).unwrap();
        assert_eq!((before.cursor, after.cursor), (1, 1));
        assert_ne!(before.epoch, after.epoch);
    }

    #[test]
    fn removed_empty_log_goes_on() {
        let memory = memory();
        let open = || memory.open(&key("a"), Retention::log());
        let before = open().bounds(Moment::after_origin(Duration::ZERO));
        memory.remove(&key("a"));
        assert_eq!(open().bounds(Moment::after_origin(Duration::ZERO)), before);
        // It held entries under this epoch after all, if only for a moment: now it must change.
        append(&open()).unwrap();
        memory.remove(&key("a"));
        assert_ne!(
            open().bounds(Moment::after_origin(Duration::ZERO)).epoch,
            before.epoch
        );
    }

    #[test]
    fn a_removed_log_takes_no_entries() {
        let memory = memory();
        let log = memory.open(&key("a"), Retention::log());
        memory.remove(&key("a"));
        assert_eq!(append(&log), Err(AppendError::Removed));
    }
}
