//! A tab's part among the others, as the browser client plays it.

use push_wire_shared::session::client::{ClientConfig, ClientSession, Output, TransportPreference};
use push_wire_shared::session::tabs::{
    Lead, LeadEnd, MemberOutput, Relay, TabId, ToLeader, ToTab, leader_config,
};
use push_wire_shared::time::Moment;

use super::{Leader, Tab};
use crate::link::Packet;
use crate::tabs::browser::Task;
use crate::tabs::run::TabsFault;
use crate::tabs::server::{CLIENT, Wire};
use crate::tabs::world::World;

impl Tab {
    pub(super) fn drive(&mut self, world: &mut World) -> Result<(), String> {
        loop {
            if let Some(output) = self.member.poll_output() {
                self.member_output(world, output)?;
            } else if let Some(lead) = self.next_announcement() {
                if world.fault != TabsFault::WithoutAnnouncements {
                    world.post_all(self.id, &lead.encode());
                }
                self.member.lead(world.now, lead);
            } else if let Some((to, visit, message)) = self.next_to_tab() {
                self.tell_tab(world, to, visit, message);
            } else if let Some(end) = self.next_end() {
                self.cannot_lead(world, end)?;
            } else if let Some(output) = self.next_of_leader() {
                self.leader_output(world, output);
            } else if let Some(output) = self.session.poll_output() {
                self.own_output(world, output)?;
            } else {
                return Ok(());
            }
        }
    }

    fn next_announcement(&mut self) -> Option<Lead> {
        self.leader.as_mut()?.relay.poll_announcement()
    }

    fn next_end(&mut self) -> Option<LeadEnd> {
        self.leader.as_mut()?.relay.poll_end()
    }

    fn cannot_lead(&mut self, world: &mut World, end: LeadEnd) -> Result<(), String> {
        world.trace(format_args!("leader {}: {end:?}", self.id));
        match end {
            LeadEnd::Refused => Err(format!("tab {} was refused", self.id)),
            LeadEnd::Replaced => {
                self.replaced = self.member.generation();
                self.robbed(world)
            }
        }
    }

    fn next_to_tab(&mut self) -> Option<(TabId, u64, ToTab)> {
        self.leader.as_mut()?.relay.poll_output()
    }

    fn next_of_leader(&mut self) -> Option<Output> {
        self.leader.as_mut()?.session.poll_output()
    }

    fn own_output(&mut self, world: &mut World, output: Output) -> Result<(), String> {
        match output {
            Output::Connect { attempt, .. } => {
                self.enter(world);
                self.member.open(world.now, attempt);
                Ok(())
            }
            Output::Transmit(bytes) => {
                self.member.transmit(bytes);
                Ok(())
            }
            Output::Disconnect { .. } => {
                self.member.shut();
                Ok(())
            }
            Output::Event(event) => {
                let id = self.id;
                world.trace(format_args!("tab {id}: {event:?}"));
                self.event(world, event)
                    .map_err(|what| format!("tab {id}: {what}"))
            }
            Output::TokenWanted { .. } | Output::Post { .. } | Output::FetchDictionary { .. } => {
                Err(format!("{output:?}"))
            }
        }
    }

    fn member_output(&mut self, world: &mut World, output: MemberOutput) -> Result<(), String> {
        world.trace(format_args!("tab {}: {output:?}", self.id));
        match output {
            MemberOutput::Send(message) => {
                let generation = self.member.generation();
                match &mut self.leader {
                    Some(leader) => leader.relay.message(
                        world.now,
                        &mut leader.session,
                        (generation, self.id),
                        message,
                    ),
                    None => world.post_all(self.id, &message.encode(generation, self.id)),
                }
            }
            MemberOutput::Input(input) => self.session.handle_input(world.now, input),
            MemberOutput::Suspend => self.session.suspend(world.now),
            MemberOutput::Wake => self.session.wake(world.now),
            MemberOutput::Steal => self.steal(world),
        }
        Ok(())
    }

    fn tell_tab(&mut self, world: &mut World, to: TabId, visit: u64, message: ToTab) {
        let leader = self.leader.as_ref();
        let generation = leader.map_or(0, |leader| leader.relay.generation());
        world.trace(format_args!("leader {} to {to}: {message:?}", self.id));
        if world.fault == TabsFault::WithoutNumbers && matches!(message, ToTab::Number { .. }) {
            return;
        }
        if to == self.id {
            self.member.message(world.now, generation, visit, message);
        } else if world.open.contains(&to) {
            let task = Task::Own(message.encode(generation, visit));
            world.browser.post(world.now, (self.id, to), task);
        }
    }

    fn leader_output(&mut self, world: &mut World, output: Output) {
        world.trace(format_args!("leader {}: {output:?}", self.id));
        let now = world.now;
        match output {
            Output::Connect { attempt, .. } => {
                self.hang_up(world);
                let wire = Wire::open(now, self.id, attempt, world.network);
                world.wires.push(wire);
            }
            Output::Transmit(bytes) => {
                if let Some(wire) = self.wire(world) {
                    wire.link.up.send(now, Packet::Message(bytes));
                }
            }
            Output::Disconnect { .. } => self.hang_up(world),
            Output::Event(event) => {
                if let Some(Leader { relay, session }) = &mut self.leader {
                    relay.event(now, session, event);
                }
            }
            Output::TokenWanted { .. } | Output::Post { .. } | Output::FetchDictionary { .. } => {}
        }
    }

    fn wire<'a>(&self, world: &'a mut World) -> Option<&'a mut Wire> {
        let is_it = |wire: &&mut Wire| wire.tab == self.id && wire.attempt.is_some();
        world.wires.iter_mut().find(is_it)
    }

    fn hang_up(&self, world: &mut World) {
        let now = world.now;
        if let Some(wire) = self.wire(world) {
            wire.attempt = None;
            wire.link.up.send(now, Packet::Close(None));
        }
    }

    fn enter(&mut self, world: &mut World) {
        if !std::mem::replace(&mut self.is_open, true) {
            world.open.insert(self.id);
            self.wait_for_lock(world);
        }
    }

    fn wait_for_lock(&mut self, world: &mut World) {
        self.request += 1;
        world.browser.request(world.now, self.id, self.request);
    }

    fn steal(&mut self, world: &mut World) {
        if self.leader.is_none() {
            world.browser.release(world.now, self.id, self.request);
            self.request += 1;
            world.browser.steal(world.now, self.id, self.request);
        }
    }

    pub(super) fn task(&mut self, world: &mut World, task: Task) -> Result<(), String> {
        match task {
            Task::Granted(number) if number == self.request && self.is_open => self.lead(world),
            Task::Granted(number) => {
                world.browser.release(world.now, self.id, number);
                Ok(())
            }
            Task::Robbed(number) if number == self.request => self.robbed(world),
            Task::Robbed(_) => Ok(()),
            Task::Gone(tab, visit) => {
                if let Some(Leader { relay, session }) = &mut self.leader {
                    relay.gone(world.now, session, tab, visit);
                }
                Ok(())
            }
            Task::Common(bytes) => self.hear_all(world, &bytes),
            Task::Own(bytes) => {
                if let Ok((generation, visit, message)) = ToTab::decode(&bytes) {
                    self.member.message(world.now, generation, visit, message);
                }
                Ok(())
            }
        }
    }

    fn hear_all(&mut self, world: &mut World, bytes: &[u8]) -> Result<(), String> {
        if let Some(lead) = Lead::decode(bytes) {
            if lead.generation > self.member.generation() && self.leader.is_some() {
                self.robbed(world)?;
            }
            self.member.lead(world.now, lead);
            return Ok(());
        }
        let Ok((generation, tab, message)) = ToLeader::decode(bytes) else {
            return Err("a message that is none".into());
        };
        if let Some(Leader { relay, session }) = &mut self.leader {
            relay.message(world.now, session, (generation, tab), message);
        }
        Ok(())
    }

    fn lead(&mut self, world: &mut World) -> Result<(), String> {
        if self.replaced == self.member.generation() && self.replaced > 0 {
            return Err(format!(
                "tab {} was replaced, and heard of no leader",
                self.id
            ));
        }
        world.tally.leaders += 1;
        let generation = world.unix_millis().max(self.member.generation() + 1);
        let connection = self.member.connection();
        let config = ClientConfig {
            secret: Some([9; 16]),
            compression: false,
            transports: TransportPreference::WsOnly,
            ..ClientConfig::new(CLIENT, world.rng.u64(..))
        };
        let config = leader_config(config, world.unix_millis(), connection);
        let mut session = ClientSession::new(config);
        session.connect(world.now);
        let relay = Relay::new(self.id, generation);
        self.leader = Some(Leader { relay, session });
        self.drive(world)
    }

    pub(super) fn resign(
        &mut self,
        world: &mut World,
        end: fn(&mut ClientSession, Moment),
    ) -> Result<(), String> {
        if let Some(Leader { relay, session }) = &mut self.leader {
            relay.resign(world.now, session);
            self.drive(world)?;
        }
        if let Some(mut leader) = self.leader.take() {
            end(&mut leader.session, world.now);
            while let Some(output) = leader.session.poll_output() {
                if !matches!(output, Output::Event(_)) {
                    self.leader_output(world, output);
                }
            }
            self.hang_up(world);
        }
        world.browser.release(world.now, self.id, self.request);
        self.request += 1;
        Ok(())
    }

    fn robbed(&mut self, world: &mut World) -> Result<(), String> {
        world.tally.robbed += 1;
        self.resign(world, ClientSession::leave)?;
        if self.is_open {
            self.wait_for_lock(world);
        }
        Ok(())
    }
}
