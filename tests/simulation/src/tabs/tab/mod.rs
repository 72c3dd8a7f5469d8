//! A tab: its session, its part among the others, and its application. It does what the browser client does.

mod part;

use std::collections::VecDeque;

use push_wire_shared::position::{Outcome, Position, StartAt};
use push_wire_shared::session::client::{
    Attention, ClientConfig, ClientSession, Event, Input, Status, Subscription,
};
use push_wire_shared::session::op::ErrorCode;
use push_wire_shared::session::tabs::{Member, Relay, TabId, tab_config};
use push_wire_shared::session::wire::Content;
use push_wire_shared::time::{Moment, sooner};
use uuid::Uuid;

use super::browser::Task;
use super::reader::Reader;
use super::run::TabsFault;
use super::server::is_refused;
use super::world::World;
use crate::feed::Feed;
use crate::link::Packet;

/// A tab.
pub(in crate::tabs) struct Tab {
    pub(in crate::tabs) id: TabId,
    session: ClientSession,
    member: Member,
    leader: Option<Leader>,
    /// It hears the others.
    is_open: bool,
    /// It was left, and may come back.
    pub(in crate::tabs) is_away: bool,
    /// Number of its latest request for the lock.
    request: u32,
    /// Its latest leadership that ended because the server had a newer connection.
    replaced: u64,
    /// Its scripts do not run until this time.
    pub(in crate::tabs) stopped_until: Moment,
    /// Time at which it ends: until then the browser aborts some of its scripts, as Firefox does with a tab that is closed.
    pub(in crate::tabs) ends_at: Option<Moment>,
    tasks: VecDeque<Task>,
    pub(in crate::tabs) readers: Vec<(u32, Reader)>,
    /// Sends without an answer: ticket and number.
    pub(in crate::tabs) sends: Vec<(u64, u32)>,
    next_number: u32,
    /// Entries that its application has not handled.
    unhandled: Vec<(u32, Position)>,
    /// Time at which it handles them.
    handles_at: Moment,
    /// It was left, or did not run: another leader may have come between.
    was_absent: bool,
}

/// The leading tab's part.
struct Leader {
    relay: Relay,
    session: ClientSession,
}

impl Tab {
    /// A tab that has called `connect`.
    pub(in crate::tabs) fn new(world: &mut World, id: TabId) -> Self {
        let config = ClientConfig {
            max_backlog_entries: 20,
            secret: Some(world.rng.u128(..).to_le_bytes()),
            ..ClientConfig::new(Uuid::from_u128(id.into()), world.rng.u64(..))
        };
        let mut session = ClientSession::new(tab_config(config));
        session.connect(world.now);
        world.tally.opened += 1;
        Self {
            id,
            session,
            member: Member::new(Attention::Full),
            leader: None,
            is_open: false,
            is_away: false,
            request: 0,
            replaced: 0,
            stopped_until: world.now,
            ends_at: None,
            tasks: VecDeque::new(),
            readers: Vec::new(),
            sends: Vec::new(),
            next_number: 0,
            unhandled: Vec::new(),
            handles_at: world.now,
            was_absent: false,
        }
    }

    pub(in crate::tabs) const fn leads(&self) -> bool {
        self.leader.is_some()
    }

    /// Number of tabs that it knows of, if it leads.
    pub(in crate::tabs) fn known(&self) -> Option<usize> {
        let leader = self.leader.as_ref()?;
        Some(leader.relay.tabs().count())
    }

    /// Returns whether its session is connected.
    pub(in crate::tabs) fn is_ready(&self) -> bool {
        self.session.status() == Status::Ready
    }

    /// Returns whether its application can do something.
    pub(in crate::tabs) fn can_act(&self, now: Moment) -> bool {
        !self.is_away && !self.is_stopped(now)
    }

    pub(in crate::tabs) fn is_stopped(&self, now: Moment) -> bool {
        now < self.stopped_until
    }

    /// Does not run for a while.
    pub(in crate::tabs) fn stop(&mut self, until: Moment) {
        self.stopped_until = until;
        self.was_absent = true;
    }

    /// Time at which something is due.
    pub(in crate::tabs) fn next_time(&self) -> Option<Moment> {
        let leader = self.leader.as_ref();
        let leader = leader.and_then(|leader| leader.session.poll_timeout());
        let own = sooner(self.session.poll_timeout(), self.member.poll_timeout());
        let handles = (!self.unhandled.is_empty()).then_some(self.handles_at);
        let due = sooner(sooner(own, leader), handles);
        let task = (!self.tasks.is_empty()).then_some(self.stopped_until);
        let due = sooner(due.map(|due| due.max(self.stopped_until)), task);
        sooner(due, self.ends_at)
    }

    /// Takes what the browser tells it, when it runs.
    pub(in crate::tabs) fn hear(&mut self, world: &mut World, task: Task) {
        if self.ends_at.is_some() && world.rng.bool() {
            world.tally.aborted += 1;
            return world.trace(format_args!(
                "tab {}: the script of a task is aborted",
                self.id
            ));
        }
        self.tasks.push_back(task);
    }

    /// Takes what is due.
    pub(in crate::tabs) fn run(&mut self, world: &mut World) -> Result<(), String> {
        if self.is_stopped(world.now) {
            return Ok(());
        }
        self.drive(world)?;
        while let Some(task) = self.tasks.pop_front() {
            self.task(world, task)?;
            self.drive(world)?;
        }
        while let Some(input) = self.arrived(world) {
            if let Some(leader) = &mut self.leader {
                leader.session.handle_input(world.now, input);
            }
            self.drive(world)?;
        }
        if let Some(leader) = &mut self.leader {
            leader.session.handle_timeout(world.now);
            self.drive(world)?;
        }
        self.member.handle_timeout(world.now);
        self.drive(world)?;
        self.session.handle_timeout(world.now);
        if self.handles_at <= world.now {
            for (id, position) in std::mem::take(&mut self.unhandled) {
                self.session.handled(world.now, id, position);
            }
        }
        self.drive(world)
    }

    fn arrived(&self, world: &mut World) -> Option<Input> {
        let now = world.now;
        world.wires.iter_mut().find_map(|wire| {
            let attempt = wire.attempt.filter(|_| wire.tab == self.id)?;
            Some(match wire.link.down.receive(now)? {
                Packet::Open => Input::Opened { attempt },
                Packet::Message(bytes) => Input::Message { attempt, bytes },
                Packet::Close(code) => {
                    wire.attempt = None;
                    Input::Closed {
                        attempt,
                        code,
                        reason: String::new(),
                    }
                }
            })
        })
    }
}

/// Its application.
impl Tab {
    /// Begins or stops to read a feed.
    pub(in crate::tabs) fn toggle(
        &mut self,
        world: &mut World,
        feed: Feed,
        start: StartAt,
    ) -> Result<(), String> {
        let is_it = |(_, reader): &(u32, Reader)| reader.feed == feed;
        if let Some(at) = self.readers.iter().position(is_it) {
            let (id, _) = self.readers.remove(at);
            self.unhandled.retain(|(of, _)| *of != id);
            self.session.unsubscribe(world.now, id);
        } else {
            let subscription = Subscription {
                channel: feed.channel().into(),
                scope: feed.request(),
                position: None,
                start,
                keeps_position: false,
            };
            let id = self.session.subscribe(world.now, subscription);
            let id = id.map_err(|error| error.to_string())?;
            self.readers.push((id, Reader::new(feed, start)));
        }
        self.drive(world)
    }

    /// Sends messages.
    pub(in crate::tabs) fn send(&mut self, world: &mut World, count: u32) -> Result<(), String> {
        for _ in 0..count {
            let number = self.next_number;
            let body = format!("[{},{number}]", self.id).into_bytes();
            let channel = Feed::Room(0).channel();
            let sent = self
                .session
                .send(world.now, channel, None, Content::Value, body);
            self.next_number += 1;
            self.sends
                .push((sent.map_err(|error| error.to_string())?, number));
        }
        self.drive(world)
    }

    /// Handles nothing until this time.
    pub(in crate::tabs) fn pause_handling(&mut self, until: Moment) {
        self.handles_at = until;
    }

    /// Is hidden or shown, or told that there is no network.
    pub(in crate::tabs) fn attend(
        &mut self,
        world: &mut World,
        attention: Attention,
    ) -> Result<(), String> {
        self.member.attend(attention);
        self.session.wake(world.now);
        self.drive(world)
    }

    /// Is left: what it knows stays.
    pub(in crate::tabs) fn leave(&mut self, world: &mut World) -> Result<(), String> {
        self.is_away = true;
        self.was_absent = true;
        self.session.leave(world.now);
        self.drive(world)?;
        self.part(world, ClientSession::leave)
    }

    /// Comes back.
    pub(in crate::tabs) fn come_back(&mut self, world: &mut World) -> Result<(), String> {
        self.is_away = false;
        world.tally.returned += 1;
        self.session.wake(world.now);
        self.drive(world)
    }

    /// Is closed by its application.
    pub(in crate::tabs) fn close(&mut self, world: &mut World) -> Result<(), String> {
        self.session.close(world.now);
        self.drive(world)?;
        let own = self.id;
        let leader = self.leader.as_ref();
        if leader.is_some_and(|leader| leader.relay.tabs().all(|tab| tab == own)) {
            world.server.session_may_end();
            return self.part(world, ClientSession::close);
        }
        self.part(world, ClientSession::leave)
    }

    /// Ends without a word.
    pub(in crate::tabs) fn crash(&mut self, world: &mut World, is_server_told: bool) {
        if world.rng.bool() {
            world.browser.lose(self.id);
        }
        self.gone(world);
        for wire in world.wires.iter_mut().filter(|wire| wire.tab == self.id) {
            wire.attempt = None;
            wire.cut(world.now, [false, is_server_told]);
        }
        world.browser.release(world.now, self.id, self.request);
    }

    fn part(
        &mut self,
        world: &mut World,
        end: fn(&mut ClientSession, Moment),
    ) -> Result<(), String> {
        let visit = self.member.visit();
        self.member.leave();
        self.drive(world)?;
        self.resign(world, end)?;
        self.gone_from(world, visit);
        Ok(())
    }

    fn gone(&mut self, world: &mut World) {
        self.gone_from(world, self.member.visit());
    }

    fn gone_from(&mut self, world: &mut World, visit: u64) {
        if std::mem::replace(&mut self.is_open, false) {
            world.open.remove(&self.id);
            self.tasks.clear();
            let others = world.open.iter();
            for &to in others.filter(|_| world.fault != TabsFault::WithoutEnds) {
                let task = Task::Gone(self.id, visit);
                world.browser.post(world.now, (self.id, to), task);
            }
        }
    }

    fn event(&mut self, world: &mut World, event: Event) -> Result<(), String> {
        match event {
            Event::Outcome {
                id,
                outcome,
                position: Some(position),
                ..
            } => {
                if matches!(outcome, Outcome::Reset(_)) {
                    world.tally.resets += 1;
                    self.unhandled.retain(|(of, _)| *of != id);
                }
                let reader = self.reader(id)?;
                reader.outcome(outcome, position, &world.server.published)
            }
            Event::Entry(entry) => {
                world.tally.entries += 1;
                let reader = self.reader(entry.id)?;
                reader.entry(&entry, &world.server.published)?;
                if self.handles_at <= world.now && self.unhandled.is_empty() {
                    self.session.handled(world.now, entry.id, entry.position);
                } else {
                    self.unhandled.push((entry.id, entry.position));
                }
                Ok(())
            }
            Event::Sent { ticket } => {
                let number = self.answered(ticket)?;
                world.tally.confirmed += 1;
                if world.server.has_handled((self.id, number)) {
                    return Ok(());
                }
                Err(format!("send {number} was confirmed, and not carried out"))
            }
            Event::Refused { ticket, code, .. } => {
                let number = self.answered(ticket)?;
                if is_refused(number) {
                    world.tally.refused += 1;
                } else if code == ErrorCode::Unavailable && (self.was_absent || world.is_doubtful) {
                    world.tally.unknown += 1;
                } else {
                    return Err(format!("send {number} was refused: {code:?}"));
                }
                Ok(())
            }
            Event::Numbered { number, .. } => {
                self.member.pass(number);
                Ok(())
            }
            Event::Status(_) | Event::Ready { .. } => Ok(()),
            Event::Outcome { .. }
            | Event::Skipped { .. }
            | Event::Ended { .. }
            | Event::Notice(_)
            | Event::Error { .. } => Err(format!("{event:?}")),
        }
    }

    fn reader(&mut self, id: u32) -> Result<&mut Reader, String> {
        let reader = self.readers.iter_mut().find(|(known, _)| *known == id);
        let reader = reader.map(|(_, reader)| reader);
        reader.ok_or_else(|| format!("an event of subscription {id}, which has ended"))
    }

    fn answered(&mut self, ticket: u64) -> Result<u32, String> {
        let at = self.sends.iter().position(|(known, _)| *known == ticket);
        let at = at.ok_or_else(|| format!("ticket {ticket} was answered, and not given"))?;
        Ok(self.sends.remove(at).1)
    }
}
