//! Watcher of one file: reports that it may have changed, whether it was written in place or replaced.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

/// Interval at which the file is read without an event: network file systems report none.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// Time without an event after which a write counts as complete: many editors write in several steps.
const SETTLED_AFTER: Duration = Duration::from_millis(30);

/// Number of events after which the file is read even if they do not stop.
const MAX_EVENTS: usize = 20;

/// Watches one file through its folder, so that it may be replaced, removed and made again.
#[derive(Debug)]
pub(crate) struct FileWatch {
    events: Receiver<()>,
    /// Stops watching when dropped.
    _watcher: RecommendedWatcher,
}

impl FileWatch {
    /// Begins to watch. The file need not exist; its folder must.
    ///
    /// # Errors
    /// Names the folder that cannot be watched.
    pub(crate) fn new(path: &Path) -> io::Result<Self> {
        let folder = folder_of(path);
        let name = path.file_name().map(ToOwned::to_owned);
        let (sender, events) = sync_channel(1);
        let on_event = move |event: notify::Result<Event>| match event {
            Ok(event) if !is_change(event.kind) => {}
            Ok(event)
                if !event
                    .paths
                    .iter()
                    .any(|path| path.file_name() == name.as_deref()) => {}
            Ok(_) => send_event(&sender),
            Err(problem) => {
                tracing::warn!(%problem, "watching a file");
                send_event(&sender);
            }
        };
        let fail = |problem| {
            io::Error::other(format!(
                "cannot watch the folder {}: {problem}",
                folder.display()
            ))
        };
        let mut watcher = notify::recommended_watcher(on_event).map_err(fail)?;
        watcher
            .watch(&folder, RecursiveMode::NonRecursive)
            .map_err(fail)?;
        Ok(Self {
            events,
            _watcher: watcher,
        })
    }

    /// Blocks until the file may have changed, at most two seconds.
    pub(crate) fn wait(&self) {
        self.next(CHECK_INTERVAL);
    }

    /// Blocks until the file may have changed and its writer seems to be done.
    pub(crate) fn wait_settled(&self) {
        if !self.next(CHECK_INTERVAL) {
            return;
        }
        for _ in 0..MAX_EVENTS {
            if !self.next(SETTLED_AFTER) {
                return;
            }
        }
    }

    /// Returns whether the file changed within this time.
    fn next(&self, time: Duration) -> bool {
        match self.events.recv_timeout(time) {
            Ok(()) => true,
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => unreachable!("the watcher holds the sender"),
        }
    }
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Returns whether an event is a change. Reads are events too, and would cause endless reading.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => true,
    }
}

/// Reports a change. One waiting event is enough, because the receiver then reads the whole file.
fn send_event(sender: &SyncSender<()>) {
    match sender.try_send(()) {
        Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
    }
}
