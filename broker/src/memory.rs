//! The embedded broker: logs in this process's memory, gone with it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};

use push_wire_shared::position::{Bounds, Cursor, Epoch, Position, StreamKey};
use push_wire_shared::time::Moment;

use crate::ring::Ring;
use crate::{AppendError, Broker, Entry, Log, Newest, ReadError, Record, Retention, Watcher};

/// Where epochs come from.
type Random = Box<dyn FnMut() -> u64 + Send>;

/// Keeps logs in memory.
pub struct Memory {
    logs: Mutex<HashMap<StreamKey, Arc<MemoryLog>>>,
    random: Mutex<Random>,
}

impl Memory {
    /// An empty broker that draws the epochs of its logs from `random`.
    pub fn new(random: impl FnMut() -> u64 + Send + 'static) -> Self {
        Self {
            logs: Mutex::default(),
            random: Mutex::new(Box::new(random)),
        }
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("logs", &lock(&self.logs).len())
            .finish_non_exhaustive()
    }
}

impl Broker for Memory {
    fn open(&self, key: &StreamKey, retention: Retention) -> Arc<dyn Log> {
        let mut logs = lock(&self.logs);
        if let Some(log) = logs.get(key) {
            lock(&log.ring).set_retention(retention);
            return Arc::clone(log) as Arc<dyn Log>;
        }
        let epoch = Epoch((lock(&self.random))());
        let log = Arc::new(MemoryLog {
            ring: Mutex::new(Ring::new(epoch, retention)),
            watcher: Mutex::new(None),
        });
        logs.insert(key.clone(), Arc::clone(&log));
        log
    }

    fn remove(&self, key: &StreamKey) {
        lock(&self.logs).remove(key);
    }
}

/// One stream's log.
struct MemoryLog {
    ring: Mutex<Ring>,
    watcher: Mutex<Option<Weak<dyn Watcher>>>,
}

impl MemoryLog {
    /// The ring without what has expired.
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

    fn append(&self, now: Moment, record: Record) -> Result<Position, AppendError> {
        let position = {
            let mut ring = lock(&self.ring);
            let cursor = ring.push(now, record);
            Position {
                epoch: ring.bounds().epoch,
                cursor,
            }
        };
        let watcher = lock(&self.watcher).as_ref().and_then(Weak::upgrade);
        if let Some(watcher) = watcher {
            watcher.news(position.cursor);
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

/// Locks; a thread that panicked while it held the lock left whole values behind, since no holder here calls
/// out.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
