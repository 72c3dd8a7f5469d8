//! The task that removes expired sessions and streams from a hub.

use std::sync::{Arc, Mutex, Weak};

use push_wire_shared::time::Moment;
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, yield_now};
use tokio::time::sleep;

use crate::clock;
use crate::hub::{Hub, lock};

/// Upkeep of one server: a task that runs from the first call of [`start`](Self::start) inside a tokio runtime until
/// this is dropped.
#[derive(Debug, Default)]
pub(crate) struct Upkeep {
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Upkeep {
    /// Starts the task, unless it runs or there is no runtime. The end of a runtime ends the task; the next connection
    /// starts it again on its own runtime.
    pub(crate) fn start(&self, hub: &Arc<Hub>) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let mut task = lock(&self.task);
        if task.as_ref().is_none_or(JoinHandle::is_finished) {
            *task = Some(runtime.spawn(run(Arc::downgrade(hub), clock::now)));
        }
    }
}

impl Drop for Upkeep {
    fn drop(&mut self) {
        if let Some(task) = lock(&self.task).take() {
            task.abort();
        }
    }
}

/// Calls the hub's upkeep when it is due, for as long as the hub exists.
async fn run(hub: Weak<Hub>, now: impl Fn() -> Moment + Send) {
    while let Some(hub) = hub.upgrade() {
        let next = hub.upkeep(now());
        drop(hub);
        let wait = next.since(now());
        if wait.is_zero() {
            yield_now().await;
        } else {
            sleep(wait).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use push_wire_shared::ChannelKind;
    use push_wire_shared::channel::ChannelTable;
    use tokio::time::{Instant, advance};
    use uuid::Uuid;

    use super::*;
    use crate::PushServer;
    use crate::hub::{ConnectionWaker, HubConfig, SessionCredentials};

    #[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
    enum Channel {
        #[channel(system)]
        System,
        Chat,
    }

    const CLIENTS: u128 = 10_000;

    #[tokio::test(start_paused = true)]
    async fn forgets_sessions_without_traffic() {
        let start = Instant::now();
        let clock = move || Moment::after_origin(start.elapsed());
        let config = HubConfig::new(ChannelTable::of::<Channel>());
        let ttl = config.session_ttl;
        let hub = Hub::new(config, Arc::new(|| 7));
        for client in (0..CLIENTS).map(Uuid::from_u128) {
            let waker = Arc::<ConnectionWaker>::default();
            let credentials = SessionCredentials::default();
            let opened = hub.open_session(clock(), client, credentials, &waker);
            hub.leave_session(clock(), client, opened.unwrap().generation);
        }
        let task = tokio::spawn(run(Arc::downgrade(&hub), clock));
        advance(ttl - Duration::from_secs(1)).await;
        assert_eq!(hub.stats().sessions, 10_000);
        // On virtual time this takes as long as the task needs.
        sleep(Duration::from_secs(30)).await;
        assert_eq!(hub.stats().sessions, 0);
        drop(hub);
        task.await.unwrap();
    }

    #[tokio::test]
    async fn ends_with_its_server() {
        let server = PushServer::<Channel>::builder().build().unwrap();
        let hub = Arc::downgrade(&server.hub);
        let task = lock(&server.upkeep.task).as_ref().unwrap().abort_handle();
        assert!(!task.is_finished());
        drop(server);
        while !task.is_finished() {
            yield_now().await;
        }
        assert!(hub.upgrade().is_none());
    }

    #[test]
    fn starts_anew_after_its_runtime_has_ended() {
        let server = PushServer::<Channel>::builder().build().unwrap();
        assert!(lock(&server.upkeep.task).is_none());
        for _ in 0..2 {
            let runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = { runtime }.enable_time().build().unwrap();
            runtime.block_on(async {
                server.upkeep.start(&server.hub);
                let task = lock(&server.upkeep.task);
                assert!(task.as_ref().is_some_and(|task| !task.is_finished()));
            });
        }
    }
}
