//! Tabs of one origin that share a connection (docs of `push_wire_shared::session::tabs`), over the page's locks and
//! broadcast channels.
//!
//! Tabs share if they have the same origin, address, storage key and version of this crate. Each waits for the same lock; the
//! one that gets it leads. Tabs write to the leader over one channel, and it writes to each over a channel of its own.

mod channel;
mod hub;
mod identity;
mod join;
mod lock;

use std::cell::{Cell, OnceCell, Ref, RefCell};
use std::rc::{Rc, Weak};

use push_wire_shared::close::CloseReason;
use push_wire_shared::session::client::{Cause, ClientConfig, ClientSession, Transport};
use push_wire_shared::session::tabs::{
    Generation, Lead, LeadEnd, Member, MemberOutput, Relay, TabId, ToLeader, ToTab, tab_config,
};
use push_wire_shared::time::Moment;
use uuid::Uuid;

pub(crate) use self::join::join;

use self::channel::Channel;
use self::hub::{Hub, Leading, LeadingParts};
use self::identity::Identity;
use self::lock::Lock;
use crate::driver::Driver;
use crate::storage::KeyValueStorage;
use crate::timer::Timer;
use crate::{Fault, clock, page};

/// This tab among those that share a connection.
pub(crate) struct Tabs {
    this: Weak<Tabs>,
    id: TabId,
    /// Name of the shared connection, in the names of locks, channels and what is stored.
    name: String,
    storage: KeyValueStorage,
    /// Makes the driver of the shared connection, for a tab that leads.
    leading: Leading,
    /// The token that was set last, in any tab.
    token: RefCell<Option<String>>,
    identity: Cell<Identity>,
    member: RefCell<Member>,
    timer: Timer,
    driver: OnceCell<Weak<Driver>>,
    channels: RefCell<Option<Channels>>,
    /// Request for the lock of the leader.
    election: RefCell<Option<Lock>>,
    /// Lock that tells the leader of this visit's end.
    presence: RefCell<Option<Lock>>,
    /// Latest leadership of this tab that ended because the server had a newer connection.
    replaced: Cell<Generation>,
    hub: RefCell<Option<Rc<Hub>>>,
    /// True while the member's outputs are carried out.
    is_driving: Cell<bool>,
}

/// Channels over which this tab hears.
struct Channels {
    /// All tabs write to it: messages to the leader, and the announcement of a leader.
    common: Channel,
    /// The leader writes to it.
    _own: Channel,
}

/// Parts of which a tab is made.
struct Parts {
    name: String,
    id: TabId,
    storage: KeyValueStorage,
    identity: Identity,
    token: Option<String>,
    leading: Leading,
}

impl Tabs {
    fn new(parts: Parts) -> Rc<Self> {
        Rc::new_cyclic(|this: &Weak<Self>| Self {
            this: this.clone(),
            id: parts.id,
            name: parts.name,
            storage: parts.storage,
            leading: parts.leading,
            token: RefCell::new(parts.token),
            identity: Cell::new(parts.identity),
            member: RefCell::new(Member::new(page::attention())),
            timer: Timer::new({
                let this = this.clone();
                move || {
                    if let Some(tabs) = this.upgrade() {
                        tabs.member.borrow_mut().handle_timeout(clock::now());
                        tabs.drive();
                    }
                }
            }),
            driver: OnceCell::new(),
            channels: RefCell::default(),
            election: RefCell::default(),
            presence: RefCell::default(),
            replaced: Cell::new(0),
            hub: RefCell::default(),
            is_driving: Cell::new(false),
        })
    }

    /// Settings of the tab's own session.
    pub(crate) fn session_config(&self, config: ClientConfig) -> ClientConfig {
        tab_config(config)
    }

    /// Sets the driver of the tab's own session.
    pub(crate) fn set_driver(&self, driver: Weak<Driver>) {
        // Set once, when the driver is made.
        drop(self.driver.set(driver));
    }

    fn driver(&self) -> Option<Rc<Driver>> {
        self.driver.get().and_then(Weak::upgrade)
    }

    /// Reports an error of the shared connection.
    fn fault(&self, fault: Fault) {
        if let Some(driver) = self.driver() {
            driver.fault(fault);
        }
    }

    /// The id of the client that all tabs are to the server.
    pub(crate) fn client_id(&self) -> Uuid {
        self.identity.get().client_id
    }

    /// Transport of the shared connection.
    pub(crate) fn transport(&self) -> Transport {
        self.member.borrow().transport()
    }
}

/// Calls of the driver.
impl Tabs {
    /// Begins an attempt of the tab's session.
    pub(crate) fn open(&self, attempt: u32) {
        self.enter();
        self.with(|member| member.open(clock::now(), attempt));
    }

    pub(crate) fn transmit(&self, message: Vec<u8>) {
        self.with(|member| member.transmit(message));
    }

    pub(crate) fn shut(&self) {
        self.with(Member::shut);
    }

    /// Asks for an attempt of the shared connection at once.
    pub(crate) fn connect(&self) {
        self.enter();
        self.with(Member::connect);
    }

    /// Sets the token of all tabs.
    pub(crate) fn set_token(&self, token: Option<String>) {
        self.token.replace(token.clone());
        self.with(|member| member.set_token(token));
    }

    /// The page may have been hidden, shown, or cut off from the network.
    pub(crate) fn attend(&self) {
        self.with(|member| member.attend(page::attention()));
    }

    /// Leaves the others: the page is left or frozen, and may come back.
    pub(crate) fn leave(&self) {
        self.part(ClientSession::leave);
    }

    /// Leaves the others for good. The last tab ends the session on the server.
    pub(crate) fn close(&self) {
        let is_last = self.hub().is_some_and(|hub| hub.is_empty());
        self.part(if is_last {
            ClientSession::close
        } else {
            ClientSession::leave
        });
    }

    /// A message of the tab's session leaves under this number.
    pub(crate) fn pass(&self, number: u64) {
        self.member.borrow_mut().pass(number);
    }

    /// Returns whether a call is under way ([`Driver::is_busy`]).
    pub(crate) fn is_busy(&self) -> bool {
        let is_hub_busy =
            |hub: Ref<'_, Option<Rc<Hub>>>| hub.as_ref().is_some_and(|hub| hub.is_busy());
        self.is_driving.get()
            || self.member.try_borrow().is_err()
            || self.hub.try_borrow().map_or(true, is_hub_busy)
            || self.driver().is_some_and(|driver| driver.is_busy())
    }

    /// Drops the connection after a panic or an aborted script.
    pub(crate) fn abandon(&self) {
        self.timer.abandon();
        if let Ok(hub) = self.hub.try_borrow()
            && let Some(hub) = &*hub
        {
            hub.abandon();
        }
        if let Ok(mut channels) = self.channels.try_borrow_mut() {
            channels.take();
        }
        for lock in [&self.election, &self.presence] {
            if let Ok(mut lock) = lock.try_borrow_mut() {
                lock.take();
            }
        }
    }
}

/// Messages.
impl Tabs {
    /// Listens to the others, and waits to lead.
    fn enter(&self) {
        if self.channels.borrow().is_some() {
            return;
        }
        let hear = |name: &str, act: fn(&Self, &[u8])| {
            let this = self.this.clone();
            Channel::new(name).hearing(move |bytes| {
                // What is left out here is noticed as missing.
                if let Some(tabs) = this.upgrade().filter(|tabs| !tabs.is_busy()) {
                    act(&tabs, &bytes);
                }
            })
        };
        let channels = Channels {
            common: hear(&self.name, Self::hear_all),
            _own: hear(&self.channel_of(self.id), Self::hear_leader),
        };
        self.channels.replace(Some(channels));
        let name = self.presence_of(self.id, self.member.borrow().visit());
        let this = self.this.clone();
        let entered = move || {
            if let Some(tabs) = this.upgrade() {
                tabs.drive();
            }
        };
        let presence = Lock::request(&name, false, entered, || {});
        self.presence.replace(Some(presence));
        self.run_for_leader();
    }

    /// Waits for the lock of the leader, unless this tab waits for it or has it.
    fn run_for_leader(&self) {
        if self.election.borrow().is_none() {
            self.request_lead(false);
        }
    }

    fn request_lead(&self, steals: bool) {
        let act = |act: fn(&Self)| {
            let this = self.this.clone();
            move || {
                if let Some(tabs) = this.upgrade() {
                    act(&tabs);
                }
            }
        };
        let lock = Lock::request(&self.name, steals, act(Self::lead), act(Self::robbed));
        let earlier = self.election.replace(Some(lock));
        drop(earlier);
    }

    /// Takes the lock of the leader from the tab that has it.
    fn steal(&self) {
        let leads = |lock: &Lock| lock.is_held();
        if !self.election.borrow().as_ref().is_some_and(leads) {
            self.request_lead(true);
        }
    }

    fn channel_of(&self, tab: TabId) -> String {
        format!("{}/{tab:016x}", self.name)
    }

    /// Name of the lock that a tab has during a visit.
    fn presence_of(&self, tab: TabId, visit: u64) -> String {
        format!("{}/{tab:016x}/{visit}", self.name)
    }

    fn post(&self, bytes: &[u8]) {
        if let Some(channels) = &*self.channels.borrow() {
            channels.common.post(bytes);
        }
    }

    fn hear_all(&self, bytes: &[u8]) {
        if let Some(lead) = Lead::decode(bytes) {
            let is_newer = lead.generation > self.member.borrow().generation();
            if is_newer && self.hub().is_some() {
                // The other tab has taken the lock; the browser tells that later.
                self.robbed();
            }
            return self.led(lead);
        }
        let Ok((generation, tab, message)) = ToLeader::decode(bytes) else {
            return;
        };
        if let ToLeader::Token(token) = &message {
            self.token.replace(token.clone());
        }
        if let Some(hub) = self.hub() {
            hub.message(generation, tab, message);
        }
    }

    /// Takes the announcement of a leader.
    fn led(&self, lead: Lead) {
        self.with(|member| member.lead(clock::now(), lead));
    }

    fn hear_leader(&self, bytes: &[u8]) {
        if let Ok((generation, visit, message)) = ToTab::decode(bytes) {
            self.take(generation, visit, message);
        }
    }

    /// Takes a message of the leader.
    fn take(&self, generation: Generation, visit: u64, message: ToTab) {
        if let ToTab::Ready { answer, .. } = &message {
            let identity = Identity {
                client_id: answer.client_id,
                ..self.identity.get()
            };
            self.identity.set(identity);
        }
        self.with(|member| member.message(clock::now(), generation, visit, message));
    }

    fn hub(&self) -> Option<Rc<Hub>> {
        self.hub.borrow().clone()
    }

    fn with(&self, call: impl FnOnce(&mut Member)) {
        call(&mut self.member.borrow_mut());
        self.drive();
    }

    /// Carries out the member's outputs, in order also if one of them leads to others. They wait until the leader can find out
    /// when this tab is gone.
    fn drive(&self) {
        let is_present = |lock: &Lock| lock.is_held();
        if !self.presence.borrow().as_ref().is_some_and(is_present) || self.is_driving.replace(true)
        {
            return;
        }
        while let Some(output) = self.next() {
            self.perform(output);
        }
        self.is_driving.set(false);
        self.timer.set(self.member.borrow().poll_timeout());
    }

    fn next(&self) -> Option<MemberOutput> {
        self.member.borrow_mut().poll_output()
    }

    fn perform(&self, output: MemberOutput) {
        let Some(driver) = self.driver() else {
            return;
        };
        match output {
            MemberOutput::Send(message) => self.send(message),
            MemberOutput::Input(input) => driver.input(input),
            MemberOutput::Suspend => driver.with(ClientSession::suspend),
            MemberOutput::Wake => driver.with(ClientSession::wake),
            MemberOutput::Steal => self.steal(),
        }
    }

    fn send(&self, message: ToLeader) {
        let generation = self.member.borrow().generation();
        let hub = self.hub();
        if hub.is_none() || matches!(message, ToLeader::Token(_)) {
            self.post(&message.encode(generation, self.id));
        }
        if let Some(hub) = hub {
            hub.message(generation, self.id, message);
        }
    }
}

/// Leading.
impl Tabs {
    /// Leads: this tab has got the lock.
    fn lead(&self) {
        let known = self.member.borrow().generation();
        if self.replaced.get() > 0 && self.replaced.get() == known {
            // By a client that is no tab of this browser: they would replace each other for ever.
            let down = ToTab::Down {
                is_suspended: false,
                retry: None,
                failures: 0,
                cause: Cause {
                    code: Some(CloseReason::Replaced.code()),
                    message: CloseReason::Replaced.text().into(),
                },
            };
            let visit = self.member.borrow().visit();
            self.take(known, visit, down);
            return self.part(ClientSession::leave);
        }
        let generation = clock::unix_millis().max(known + 1);
        // Tabs that were opened at the same moment may have drawn different ones.
        let identity = Identity::shared(&self.storage, &self.name, self.identity.get());
        let identity = identity.unwrap_or_else(|| self.identity.get());
        let parts = LeadingParts {
            identity,
            token: self.token.borrow().clone(),
            connection: self.member.borrow().connection(),
        };
        self.identity.set(identity);
        let relay = Relay::new(self.id, generation);
        let hub = Hub::new(self, relay, |observer| (self.leading)(parts, observer));
        self.hub.replace(Some(Rc::clone(&hub)));
        hub.start();
    }

    /// Leads no more, if it does: ends the shared connection.
    fn resign(&self, end: fn(&mut ClientSession, Moment)) {
        let hub = self.hub.take();
        if let Some(hub) = hub {
            hub.end(end);
        }
        let lock = self.election.take();
        drop(lock);
    }

    /// Leaves the others, and ends the shared connection like this if it has it.
    fn part(&self, end: fn(&mut ClientSession, Moment)) {
        self.with(Member::leave);
        self.resign(end);
        self.channels.take();
        let lock = self.presence.take();
        drop(lock);
    }

    /// Another tab has taken the lock of this one.
    fn robbed(&self) {
        self.resign(ClientSession::leave);
        if self.channels.borrow().is_some() {
            self.run_for_leader();
        }
    }

    /// The server has ended the shared connection for good.
    fn cannot_lead(&self, end: LeadEnd) {
        match end {
            LeadEnd::Replaced => {
                self.replaced.set(self.member.borrow().generation());
                self.robbed();
            }
            LeadEnd::Refused => self.part(ClientSession::leave),
        }
    }
}
