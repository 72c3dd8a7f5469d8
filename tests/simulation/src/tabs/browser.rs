//! The browser: its lock, and messages between tabs on their way.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use push_wire_shared::session::tabs::TabId;
use push_wire_shared::time::Moment;

/// Something that the browser tells a tab.
#[derive(Clone, Debug)]
pub(super) enum Task {
    /// A message on the channel that all tabs hear.
    Common(Vec<u8>),
    /// A message on the tab's own channel.
    Own(Vec<u8>),
    /// The lock is granted to this request.
    Granted(u32),
    /// The lock was taken from this request.
    Robbed(u32),
    /// The tab of this id has ended this visit.
    Gone(TabId, u64),
}

/// The browser: tasks on their way to tabs, and the lock of the leader.
#[derive(Debug)]
pub(super) struct Browser {
    rng: fastrand::Rng,
    /// Sender, receiver and task, by time.
    tasks: BTreeMap<(Moment, u64), (TabId, TabId, Task)>,
    scheduled: u64,
    /// Time of the last task of each sender and receiver.
    last: BTreeMap<(TabId, TabId), Moment>,
    /// It passes nothing on until this time.
    busy_until: Moment,
    /// Request that has the lock: its tab and number.
    holder: Option<(TabId, u32)>,
    waiting: VecDeque<(TabId, u32)>,
}

/// Most time that a task takes (5 ms), less than the fastest handshake with the server.
const MOST_MICROS: u64 = 5_000;

impl Browser {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            rng: fastrand::Rng::with_seed(seed),
            tasks: BTreeMap::new(),
            scheduled: 0,
            last: BTreeMap::new(),
            busy_until: Moment::default(),
            holder: None,
            waiting: VecDeque::new(),
        }
    }

    /// Passes nothing on for a while.
    pub(super) fn stall(&mut self, until: Moment) {
        self.busy_until = until;
    }

    /// Schedules a task, behind the earlier ones of the same sender.
    pub(super) fn post(&mut self, now: Moment, (from, to): (TabId, TabId), task: Task) {
        let delay = Duration::from_micros(self.rng.u64(..MOST_MICROS));
        let last = self.last.entry((from, to)).or_default();
        let time = (now.max(self.busy_until) + delay).max(*last);
        *last = time;
        self.scheduled += 1;
        self.tasks.insert((time, self.scheduled), (from, to, task));
    }

    /// Loses what a tab that has crashed has posted a moment ago; the ends of its visits are the browser's own knowledge.
    pub(super) fn lose(&mut self, from: TabId) {
        self.tasks
            .retain(|_, (sender, _, task)| *sender != from || matches!(task, Task::Gone(..)));
    }

    /// Time of the next task.
    pub(super) fn next_time(&self) -> Option<Moment> {
        self.tasks.keys().next().map(|&(time, _)| time)
    }

    /// Takes the next task, if it is due.
    pub(super) fn pop(&mut self, now: Moment) -> Option<(TabId, Task)> {
        self.next_time().filter(|&time| time <= now)?;
        let (_, (_, to, task)) = self.tasks.pop_first()?;
        Some((to, task))
    }

    /// Takes a request for the lock.
    pub(super) fn request(&mut self, now: Moment, tab: TabId, number: u32) {
        self.waiting.push_back((tab, number));
        self.grant(now);
    }

    /// Gives a tab the lock, which another one has.
    pub(super) fn steal(&mut self, now: Moment, tab: TabId, number: u32) {
        if let Some((robbed, old)) = self.holder.replace((tab, number)) {
            self.post(now, (0, robbed), Task::Robbed(old));
        }
        self.post(now, (0, tab), Task::Granted(number));
    }

    /// Ends a request, whether it waits or has the lock.
    pub(super) fn release(&mut self, now: Moment, tab: TabId, number: u32) {
        self.waiting.retain(|waiting| *waiting != (tab, number));
        if self.holder == Some((tab, number)) {
            self.holder = None;
            self.grant(now);
        }
    }

    fn grant(&mut self, now: Moment) {
        if self.holder.is_none()
            && let Some(next) = self.waiting.pop_front()
        {
            self.holder = Some(next);
            self.post(now, (0, next.0), Task::Granted(next.1));
        }
    }
}
