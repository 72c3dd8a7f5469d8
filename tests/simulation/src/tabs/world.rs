//! Everything around the tabs.

use std::collections::BTreeSet;
use std::time::Duration;

use push_wire_shared::session::tabs::TabId;
use push_wire_shared::time::Moment;

use super::browser::{Browser, Task};
use super::run::TabsFault;
use super::server::{Server, Wire};
use super::tally::TabsTally;
use crate::link::NetworkConditions;

/// Everything around the tabs.
pub(super) struct World {
    pub(super) now: Moment,
    pub(super) rng: fastrand::Rng,
    pub(super) browser: Browser,
    pub(super) server: Server,
    pub(super) wires: Vec<Wire>,
    /// Tabs that hear the others.
    pub(super) open: BTreeSet<TabId>,
    pub(super) network: NetworkConditions,
    pub(super) tally: TabsTally,
    pub(super) fault: TabsFault,
    /// A tab has crashed or was stopped: nobody may know which of the sends that it had were carried out.
    pub(super) is_doubtful: bool,
    pub(super) is_traced: bool,
}

impl World {
    pub(super) fn trace(&self, what: std::fmt::Arguments<'_>) {
        if self.is_traced {
            eprintln!("{:?} {what}", self.now.since_origin());
        }
    }

    pub(super) fn unix_millis(&self) -> u64 {
        u64::try_from(self.now.since_origin().as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) fn post_all(&mut self, from: TabId, bytes: &[u8]) {
        for &to in self.open.iter().filter(|&&to| to != from) {
            let task = Task::Common(bytes.to_vec());
            self.browser.post(self.now, (from, to), task);
        }
    }
}

/// A duration of up to so many milliseconds.
pub(super) fn millis(rng: &mut fastrand::Rng, most: u64) -> Duration {
    Duration::from_millis(rng.u64(1..=most))
}
