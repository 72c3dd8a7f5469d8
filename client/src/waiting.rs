//! [`Waiting`], the items of one subscription before there is room in the application's queue.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use push_wire_shared::ChannelKind;
use tokio::sync::Notify;

use crate::Delivery;
use crate::messages::Queued;

/// Queue between the driver, which adds items at once, and the task that moves them on as there is room.
///
/// The session bounds the entries between two resets, by pausing the subscription. At a second reset, all that waits from
/// before it is dropped, the first reset too: the application is told of one reset with the newest position. So at most
/// two times the session's limit (1,024 entries or 1 MiB) waits, also when a server sends resets again and again.
pub(crate) struct Waiting<C: ChannelKind> {
    shared: Arc<Shared<C>>,
}

struct Shared<C: ChannelKind> {
    state: Mutex<State<C>>,
    changed: Notify,
}

struct State<C: ChannelKind> {
    items: VecDeque<Queued<C>>,
    /// No more items follow.
    is_complete: bool,
}

/// The end of the task that takes items.
pub(crate) struct Source<C: ChannelKind> {
    shared: Arc<Shared<C>>,
}

/// An empty queue: the end that adds items, and the one that takes them.
pub(crate) fn waiting<C: ChannelKind>() -> (Waiting<C>, Source<C>) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            items: VecDeque::new(),
            is_complete: false,
        }),
        changed: Notify::new(),
    });
    let source = Source {
        shared: Arc::clone(&shared),
    };
    (Waiting { shared }, source)
}

impl<C: ChannelKind> Shared<C> {
    fn lock(&self) -> MutexGuard<'_, State<C>> {
        // Nothing that is done with the lock leaves the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: ChannelKind> Waiting<C> {
    /// Adds an item.
    pub(crate) fn push(&self, item: Queued<C>) {
        let mut state = self.shared.lock();
        if is_reset(&item) && state.items.iter().any(is_reset) {
            state.items.clear();
        }
        state.items.push_back(item);
        drop(state);
        self.shared.changed.notify_one();
    }
}

impl<C: ChannelKind> Drop for Waiting<C> {
    fn drop(&mut self) {
        self.shared.lock().is_complete = true;
        self.shared.changed.notify_one();
    }
}

impl<C: ChannelKind> Source<C> {
    /// Waits for the next item; `None` after the last one. Nothing is lost when the future is dropped.
    pub(crate) async fn next(&mut self) -> Option<Queued<C>> {
        loop {
            {
                let mut state = self.shared.lock();
                if let Some(item) = state.items.pop_front() {
                    return Some(item);
                }
                if state.is_complete {
                    return None;
                }
            }
            self.shared.changed.notified().await;
        }
    }
}

fn is_reset<C: ChannelKind>(item: &Queued<C>) -> bool {
    matches!(item.delivery, Delivery::Reset { .. })
}

#[cfg(test)]
mod tests {
    use push_wire_shared::Frame;
    use push_wire_shared::position::{Epoch, Position, ResetReason, Tag};

    use super::*;

    #[derive(ChannelKind, Clone, Copy, PartialEq, Eq, Hash, Debug)]
    enum Channel {
        #[channel(system)]
        System,
        Chat,
    }

    fn item(delivery: Delivery<Channel>) -> Queued<Channel> {
        Queued {
            delivery,
            receipt: None,
        }
    }

    fn entry(number: u64) -> Delivery<Channel> {
        Delivery::Entry(Frame::new(Channel::Chat, number.into()))
    }

    fn reset(cursor: u64) -> Delivery<Channel> {
        Delivery::Reset {
            reason: ResetReason::Expired,
            position: Position {
                epoch: Epoch(1),
                cursor,
                tag: Tag::default(),
            },
        }
    }

    async fn all(mut source: Source<Channel>) -> Vec<Delivery<Channel>> {
        let mut taken = Vec::new();
        while let Some(item) = source.next().await {
            taken.push(item.delivery);
        }
        taken
    }

    #[tokio::test]
    async fn keeps_order_and_one_reset() {
        let (queue, source) = waiting();
        for delivery in [entry(1), reset(5), entry(6)] {
            queue.push(item(delivery));
        }
        drop(queue);
        assert_eq!(all(source).await, [entry(1), reset(5), entry(6)]);
    }

    #[tokio::test]
    async fn repeated_resets_keep_the_queue_short() {
        let (queue, source) = waiting();
        for round in 1..=1_000 {
            queue.push(item(entry(round)));
            queue.push(item(reset(round)));
            assert!(queue.shared.lock().items.len() <= 3);
        }
        drop(queue);
        assert_eq!(all(source).await, [reset(1_000)]);
    }

    #[tokio::test]
    async fn waits_for_items() {
        let (queue, mut source) = waiting();
        let next = tokio::spawn(async move { source.next().await.map(|item| item.delivery) });
        tokio::task::yield_now().await;
        queue.push(item(entry(1)));
        assert_eq!(next.await.unwrap(), Some(entry(1)));
    }
}
