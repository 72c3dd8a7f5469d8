//! One seeded run of tabs.

use std::time::Duration;

use push_wire_shared::position::StartAt;
use push_wire_shared::session::client::Attention;
use push_wire_shared::time::{Moment, sooner};

use super::browser::Browser;
use super::server::{Server, Wire};
use super::tab::Tab;
use super::tally::TabsTally;
use super::world::{World, millis};
use crate::feed::Feed;
use crate::link::NetworkConditions;

/// Time with faults.
const FAULTS: Duration = Duration::from_secs(90);

/// Time without faults, within which all tabs connect and get everything: the longest back-off, and a few steals.
const RECOVERY: Duration = Duration::from_secs(90);

/// Most tabs at a time.
const TABS: usize = 4;

/// Feeds that tabs read: of the others, readers may miss entries.
const FEEDS: [Feed; 5] = [
    Feed::Events,
    Feed::Document,
    Feed::Room(0),
    Feed::Room(1),
    Feed::Orders,
];

/// Fault of the driver, which the checks must find.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TabsFault {
    /// No fault.
    None,
    /// Tabs are not told the numbers of their messages.
    WithoutNumbers,
    /// Leaders are not told that tabs are gone.
    WithoutEnds,
    /// Tabs hear no announcements of leaders.
    WithoutAnnouncements,
}

/// A seed whose run broke a promise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TabsFailure {
    /// The seed.
    pub seed: u64,
    /// The broken promise.
    pub what: String,
}

/// Runs a seed; with `trace`, prints what is done to the standard error.
///
/// # Errors
/// The broken promise.
pub fn run_tabs(seed: u64, fault: TabsFault, trace: bool) -> Result<TabsTally, TabsFailure> {
    let mut run = Run::new(seed, fault, trace);
    let outcome = run.play();
    outcome.map_err(|what| TabsFailure {
        seed,
        what: format!("at {:?}: {what}", run.world.now.since_origin()),
    })?;
    Ok(run.world.tally)
}

struct Run {
    world: World,
    tabs: Vec<Tab>,
    last_tab: u64,
    next_fault: Moment,
    /// Start of the next process of the server, while none runs.
    starts_at: Option<Moment>,
}

impl Run {
    fn new(seed: u64, fault: TabsFault, is_traced: bool) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let now = Moment::after_origin(Duration::from_secs(1_000));
        let network = network(&mut rng);
        Self {
            world: World {
                now,
                browser: Browser::new(!seed),
                server: Server::new(seed),
                wires: Vec::new(),
                open: Default::default(),
                network,
                tally: TabsTally::default(),
                rng,
                fault,
                is_doubtful: false,
                is_traced,
            },
            tabs: Vec::new(),
            last_tab: 0,
            next_fault: now,
            starts_at: None,
        }
    }

    fn play(&mut self) -> Result<(), String> {
        let healed_at = self.world.now + FAULTS;
        let end = healed_at + RECOVERY;
        let mut is_healed = false;
        loop {
            let due = self.next_time();
            if due > end {
                return self.check_end();
            }
            self.world.now = due;
            if due < healed_at {
                if due >= self.next_fault {
                    self.disturb()?;
                }
            } else if !is_healed {
                is_healed = true;
                self.heal()?;
            }
            self.step()?;
        }
    }

    fn next_time(&self) -> Moment {
        let tabs = self.tabs.iter().filter_map(Tab::next_time).min();
        let wires = self.world.wires.iter().filter_map(|wire| self.due(wire));
        let next = sooner(sooner(tabs, wires.min()), self.world.browser.next_time());
        let next = sooner(next, self.starts_at);
        if self.world.server.has_published {
            return self.world.now;
        }
        let next = sooner(next, Some(self.next_fault)).unwrap_or(self.next_fault);
        next.max(self.world.now)
    }

    /// Time at which something is due on a connection: what arrives at a tab that does not run waits.
    fn due(&self, wire: &Wire) -> Option<Moment> {
        let now = self.world.now;
        let tab = self.tabs.iter().find(|tab| tab.id == wire.tab);
        match tab.filter(|_| wire.attempt.is_some()) {
            Some(tab) if tab.is_stopped(now) => {
                let arrives = wire.next_at_tab().map(|time| time.max(tab.stopped_until));
                sooner(wire.next_at_server(), arrives)
            }
            Some(_) => sooner(wire.next_at_server(), wire.next_at_tab()),
            None => wire.next_at_server(),
        }
    }

    fn step(&mut self) -> Result<(), String> {
        let Self { world, tabs, .. } = self;
        if self.starts_at.is_some_and(|time| time <= world.now) {
            self.starts_at = None;
            world.server.start();
        }
        while let Some((to, task)) = world.browser.pop(world.now) {
            if let Some(tab) = tabs.iter_mut().find(|tab| tab.id == to && !tab.is_away) {
                tab.hear(world, task);
            }
        }
        let now = world.now;
        self.end_closed(now)?;
        let Self { world, tabs, .. } = self;
        for tab in tabs {
            let due = tab.next_time();
            let arrived = |wire: &Wire| {
                wire.tab == tab.id && wire.next_at_tab().is_some_and(|time| time <= world.now)
            };
            if due.is_some_and(|due| due <= world.now) || world.wires.iter().any(arrived) {
                tab.run(world)?;
            }
        }
        let has_published = std::mem::take(&mut world.server.has_published);
        for wire in &mut world.wires {
            let due = wire.next_at_server();
            if has_published || due.is_some_and(|due| due <= world.now) {
                wire.drive(world.now, &mut world.server)?;
            }
        }
        world.wires.retain(Wire::is_alive);
        Ok(())
    }

    /// Does one thing that people, browsers, networks and servers do.
    fn disturb(&mut self) -> Result<(), String> {
        self.next_fault = self.world.now + millis(&mut self.world.rng, 1_500);
        let what = self.world.rng.u8(0..42);
        if self.tabs.is_empty() || (what < 4 && self.tabs.len() < TABS) {
            return self.open();
        }
        let at = self.world.rng.usize(..self.tabs.len());
        let id = self.tabs[at].id;
        let Self { world, tabs, .. } = self;
        let until = world.now + millis(&mut world.rng, 30_000);
        let tab = &mut tabs[at];
        let can_act = tab.can_act(world.now);
        match what {
            4..12 => {
                let feed = FEEDS[world.rng.usize(..FEEDS.len())];
                for _ in 0..world.rng.u8(1..30) {
                    world.server.publish(world.now, feed)?;
                }
            }
            12..20 if can_act => {
                let count = world.rng.u32(1..20);
                tab.send(world, count)?;
                self.world.trace(format_args!("tab {id} sends {count}"));
            }
            20..23 if can_act => self.toggle(at)?,
            23 if can_act => {
                self.world
                    .trace(format_args!("tab {id} handles nothing until {until:?}"));
                self.tabs[at].pause_handling(until);
            }
            24 if can_act => {
                let attentions = [Attention::Hidden, Attention::Offline, Attention::Full];
                let attention = attentions[world.rng.usize(..3)];
                tab.attend(world, attention)?;
                self.world
                    .trace(format_args!("tab {id} attends: {attention:?}"));
            }
            25..27 => {
                self.world
                    .trace(format_args!("tab {id} stops until {until:?}"));
                self.world.is_doubtful = true;
                self.tabs[at].stop(until);
            }
            27..29 if can_act => {
                self.world.trace(format_args!("tab {id} is left"));
                self.tabs[at].leave(&mut self.world)?;
            }
            29..32 if tab.is_away => {
                self.world.trace(format_args!("tab {id} comes back"));
                self.tabs[at].come_back(&mut self.world)?;
            }
            32 if can_act => {
                self.world.trace(format_args!("tab {id} is closed"));
                self.tabs[at].close(&mut self.world)?;
                self.tabs.remove(at);
            }
            33..35 => self.crash(at),
            35..37 => {
                let told = [world.rng.bool(), world.rng.bool()];
                for wire in &mut world.wires {
                    wire.cut(world.now, told);
                    world.tally.cuts += 1;
                }
                self.world
                    .trace(format_args!("connections are cut: {told:?}"));
            }
            37 => self.restart(),
            38 => {
                self.world.trace(format_args!("the browser is busy"));
                let busy = self.world.now + millis(&mut self.world.rng, 3_000);
                self.world.browser.stall(busy);
            }
            39..41 => self.close_leader()?,
            41 => self.world.network = network(&mut self.world.rng),
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), String> {
        self.last_tab += 1;
        self.world
            .trace(format_args!("tab {} is opened", self.last_tab));
        let tab = Tab::new(&mut self.world, self.last_tab);
        self.tabs.push(tab);
        let at = self.tabs.len() - 1;
        for _ in 0..2 {
            self.toggle(at)?;
        }
        Ok(())
    }

    fn toggle(&mut self, at: usize) -> Result<(), String> {
        let rng = &mut self.world.rng;
        let feed = FEEDS[rng.usize(..FEEDS.len())];
        let start = if rng.u8(0..3) == 0 {
            StartAt::Newest
        } else {
            StartAt::Oldest
        };
        self.world.trace(format_args!(
            "tab {} toggles {feed:?}, {start:?}",
            self.tabs[at].id
        ));
        self.tabs[at].toggle(&mut self.world, feed, start)
    }

    /// Begins to close the leading tab in the midst of sends: the browser aborts scripts of it until it has ended.
    fn close_leader(&mut self) -> Result<(), String> {
        let Self { world, tabs, .. } = self;
        let now = world.now;
        for tab in tabs.iter_mut().filter(|tab| tab.can_act(now)) {
            let count = world.rng.u32(1..20);
            world.trace(format_args!("tab {} sends {count}", tab.id));
            tab.send(world, count)?;
            if tab.leads() {
                world.trace(format_args!("tab {} begins to be closed", tab.id));
                let end = now + millis(&mut world.rng, 20);
                tab.ends_at.get_or_insert(end);
            }
        }
        Ok(())
    }

    /// Ends the tabs that are to have ended by this time.
    fn end_closed(&mut self, by: Moment) -> Result<(), String> {
        let Self { world, tabs, .. } = self;
        let ends = |tab: &mut Tab| tab.ends_at.is_some_and(|end| end <= by);
        for mut tab in tabs.extract_if(.., ends).collect::<Vec<_>>() {
            world.trace(format_args!("tab {} ends", tab.id));
            if !tab.is_away {
                tab.leave(world)?;
            }
        }
        Ok(())
    }

    fn crash(&mut self, at: usize) {
        let is_server_told = self.world.rng.bool();
        self.world
            .trace(format_args!("tab {} crashes", self.tabs[at].id));
        self.world.tally.crashed += 1;
        self.world.is_doubtful = true;
        let mut tab = self.tabs.remove(at);
        tab.crash(&mut self.world, is_server_told);
    }

    fn restart(&mut self) {
        if !self.world.server.is_up() {
            return;
        }
        self.world.trace(format_args!("the server restarts"));
        let world = &mut self.world;
        world.tally.restarts += 1;
        world.server.stop();
        for wire in &mut world.wires {
            wire.server_died(world.now);
        }
        self.starts_at = Some(world.now + millis(&mut world.rng, 3_000));
    }

    /// Ends all faults.
    fn heal(&mut self) -> Result<(), String> {
        self.world.trace(format_args!("all is well"));
        self.next_fault = Moment::after_origin(Duration::MAX);
        self.end_closed(self.next_fault)?;
        if self.tabs.is_empty() {
            self.open()?;
        }
        let Self { world, tabs, .. } = self;
        for tab in tabs {
            tab.stopped_until = tab.stopped_until.min(world.now);
            tab.pause_handling(world.now);
            if tab.is_away {
                tab.come_back(world)?;
            }
            tab.attend(world, Attention::Full)?;
            tab.send(world, 1)?;
        }
        Ok(())
    }

    fn check_end(&self) -> Result<(), String> {
        for tab in &self.tabs {
            let id = tab.id;
            if !tab.is_ready() {
                return Err(format!("tab {id} is not connected"));
            }
            if !tab.sends.is_empty() {
                return Err(format!("tab {id} has no answer to {:?}", tab.sends));
            }
            for (_, reader) in &tab.readers {
                let head = self.world.server.published.head(reader.feed);
                let is_at_head = head.is_none_or(|head| {
                    let at = reader.at.map(|at| (at.epoch, at.cursor));
                    at == Some((head.epoch, head.cursor))
                });
                if !is_at_head {
                    return Err(format!("tab {id}: {reader:?}, and the newest is {head:?}"));
                }
            }
        }
        for known in self.tabs.iter().filter_map(Tab::known) {
            if known != self.tabs.len() {
                return Err(format!("the leader knows of {known} tabs"));
            }
        }
        let leaders = self.tabs.iter().filter(|tab| tab.leads()).count();
        let connections = self
            .world
            .wires
            .iter()
            .filter(|wire| wire.is_open())
            .count();
        if (leaders, connections) != (1, 1) {
            return Err(format!("{leaders} leaders, {connections} connections"));
        }
        Ok(())
    }
}

fn network(rng: &mut fastrand::Rng) -> NetworkConditions {
    NetworkConditions {
        latency: Duration::from_millis(rng.u64(3..80)),
        bytes_per_second: 10_000_000,
    }
}
