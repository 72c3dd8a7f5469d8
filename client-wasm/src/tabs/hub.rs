//! The leading tab's part: the shared connection, and the lines to all tabs.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use push_wire_shared::session::client::{ClientSession, Event, Status, Transport};
use push_wire_shared::session::op::SystemNotice;
use push_wire_shared::session::tabs::{Generation, Relay, TabId, ToLeader, ToTab};
use push_wire_shared::time::Moment;

use super::channel::Channel;
use super::lock::Lock;
use super::{Identity, Tabs};
use crate::driver::{Driver, Observer};
use crate::{Fault, page, task};

/// Makes the driver of the shared connection.
pub(super) type Leading = Box<dyn Fn(LeadingParts, Box<dyn Observer>) -> Rc<Driver>>;

/// Parts of the shared connection that are known when a tab begins to lead.
pub(super) struct LeadingParts {
    pub(super) identity: Identity,
    pub(super) token: Option<String>,
    /// Latest connection of a leader that the tab knows of.
    pub(super) connection: u64,
}

/// The shared connection, and the lines to all tabs.
pub(super) struct Hub {
    tabs: Weak<Tabs>,
    own: TabId,
    generation: Generation,
    relay: RefCell<Relay>,
    driver: Rc<Driver>,
    others: RefCell<Vec<Other>>,
    /// Number of calls that are under way, one inside of the other.
    depth: Cell<u32>,
    /// This tab leads no more: the others hear of the next leader.
    is_over: Cell<bool>,
}

/// Another tab.
struct Other {
    tab: TabId,
    visit: u64,
    /// Attempt of its line.
    attempt: Cell<u32>,
    channel: Channel,
    /// Request for the lock that the tab has during this visit: it is granted when the tab is gone.
    _gone: Lock,
}

/// Passes the events of the shared connection to the relay.
struct Passing {
    hub: Weak<Hub>,
    tabs: Weak<Tabs>,
}

impl Observer for Passing {
    fn take(&self, event: Event) -> Option<Event> {
        if let Some(hub) = self.hub.upgrade().filter(|hub| !hub.is_over.get()) {
            hub.change(|relay, session, now| relay.event(now, session, event));
        }
        None
    }

    fn status(&self, _status: &Status, _transport: Option<Transport>) {}

    fn notice(&self, _notice: &SystemNotice) {}

    fn fault(&self, fault: Fault) {
        if let Some(tabs) = self.tabs.upgrade() {
            tabs.fault(fault);
        }
    }
}

impl Hub {
    pub(super) fn new(
        tabs: &Tabs,
        relay: Relay,
        make: impl FnOnce(Box<dyn Observer>) -> Rc<Driver>,
    ) -> Rc<Self> {
        Rc::new_cyclic(|hub: &Weak<Self>| Self {
            tabs: tabs.this.clone(),
            own: tabs.id,
            generation: relay.generation(),
            relay: RefCell::new(relay),
            driver: make(Box::new(Passing {
                hub: hub.clone(),
                tabs: tabs.this.clone(),
            })),
            others: RefCell::default(),
            depth: Cell::new(0),
            is_over: Cell::new(false),
        })
    }

    pub(super) fn start(&self) {
        if page::is_prerendering() {
            self.driver.with(ClientSession::suspend);
        }
        // Before this tab joins, perhaps hidden: the first attempt is made then, too, as without shared connections.
        self.driver.with(ClientSession::connect);
        self.flush();
    }

    /// Returns whether there is no tab but this one.
    pub(super) fn is_empty(&self) -> bool {
        self.relay.borrow().tabs().all(|tab| tab == self.own)
    }

    /// Takes a message of a tab.
    pub(super) fn message(self: &Rc<Self>, generation: Generation, tab: TabId, message: ToLeader) {
        if let ToLeader::Join { visit, .. } = message
            && tab != self.own
        {
            self.welcome(tab, visit);
        }
        if let ToLeader::Open { attempt, .. } = message
            && let Some(other) = self.others.borrow().iter().find(|other| other.tab == tab)
        {
            other.attempt.set(attempt);
        }
        self.change(|relay, session, now| {
            relay.message(now, session, (generation, tab), message);
        });
    }

    /// Opens the channel to a tab, and waits for its end.
    fn welcome(self: &Rc<Self>, tab: TabId, visit: u64) {
        let Some(tabs) = self.tabs.upgrade() else {
            return;
        };
        let is_known = |other: &Other| (other.tab, other.visit) == (tab, visit);
        if self.others.borrow().iter().any(is_known) {
            return;
        }
        let hub = Rc::downgrade(self);
        let gone = move || {
            if let Some(hub) = hub.upgrade() {
                hub.gone(tab, visit);
            }
        };
        let other = Other {
            tab,
            visit,
            attempt: Cell::new(0),
            channel: Channel::new(&tabs.channel_of(tab)),
            _gone: Lock::request(&tabs.presence_of(tab, visit), false, gone, || {}),
        };
        let mut others = self.others.borrow_mut();
        let earlier = others.iter().position(|other| other.tab == tab);
        let earlier = earlier.map(|at| others.swap_remove(at));
        others.push(other);
        drop(others);
        drop(earlier);
    }

    fn gone(&self, tab: TabId, visit: u64) {
        let mut others = self.others.borrow_mut();
        let at = others
            .iter()
            .position(|other| (other.tab, other.visit) == (tab, visit));
        let other = at.map(|at| others.swap_remove(at));
        drop(others);
        drop(other);
        if !self.is_over.get() {
            self.change(|relay, session, now| relay.gone(now, session, tab, visit));
        }
    }

    fn change(&self, call: impl FnOnce(&mut Relay, &mut ClientSession, Moment)) {
        self.depth.update(|depth| depth + 1);
        let mut relay = self.relay.borrow_mut();
        self.driver
            .change(|session, now| call(&mut relay, session, now));
        let end = relay.poll_end();
        drop(relay);
        // First, since a tab has to know the number of a message before that leaves.
        self.flush();
        self.driver.drain();
        self.depth.update(|depth| depth - 1);
        if let Some(end) = end {
            let tabs = self.tabs.clone();
            task::later(move || {
                if let Some(tabs) = tabs.upgrade() {
                    tabs.cannot_lead(end);
                }
            });
        }
    }

    /// Sends what waits for tabs. A call of it inside of another one sends what is left, in order.
    fn flush(&self) {
        let Some(tabs) = self.tabs.upgrade() else {
            return;
        };
        let announcement = self.relay.borrow_mut().poll_announcement();
        if let Some(lead) = announcement {
            tabs.post(&lead.encode());
            tabs.led(lead);
        }
        loop {
            // The borrow ends before the message is taken.
            let next = self.relay.borrow_mut().poll_output();
            let Some((tab, visit, message)) = next else {
                return;
            };
            if tab == self.own {
                tabs.take(self.generation, visit, message);
                continue;
            }
            let others = self.others.borrow();
            if let Some(other) = others.iter().find(|other| other.tab == tab) {
                other.channel.post(&message.encode(self.generation, visit));
            }
        }
    }

    /// Ends the shared connection.
    pub(super) fn end(&self, end: fn(&mut ClientSession, Moment)) {
        // Also inside of a call from the driver, since the tabs have to know what leaves.
        self.driver.carry_out();
        self.change(|relay, session, now| relay.resign(now, session));
        self.is_over.set(true);
        self.driver.end(end);
    }

    /// Returns whether a call is under way ([`Driver::is_busy`]).
    pub(super) fn is_busy(&self) -> bool {
        self.depth.get() > 0 || self.driver.is_busy()
    }

    /// Drops the shared connection. Nothing has left, nor will, but what has a number.
    pub(super) fn abandon(&self) {
        self.driver.abandon();
        let Ok(others) = self.others.try_borrow() else {
            return;
        };
        for other in others.iter() {
            let end = ToTab::End {
                attempt: other.attempt.get(),
            };
            let end = end.encode(self.generation, other.visit);
            other.channel.post(&end);
        }
    }
}
