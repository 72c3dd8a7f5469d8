//! The leader's connection, and what the tabs are told of it.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{LeadEnd, Relay};
use crate::close::CloseReason;
use crate::limits::TAB_HEARTBEAT;
use crate::session::client::{Cause, ClientSession, Status};
use crate::session::op::{AuthOk, RejectedMessage};
use crate::session::tabs::{Lead, ToTab};
use crate::time::Moment;

impl Relay {
    pub(super) fn ready(
        &mut self,
        session: &ClientSession,
        resumed: bool,
        received: u64,
        rejected: Vec<RejectedMessage>,
    ) {
        let connection = session.attempts().unwrap_or_default();
        self.connection = Some(connection);
        self.announcement = Some(Lead {
            generation: self.generation,
            connection,
        });
        self.transport = session.transport();
        let heartbeat_ms = u64::try_from(TAB_HEARTBEAT.as_millis()).unwrap_or(u64::MAX);
        self.answer = Some(AuthOk {
            client_id: session.client_id(),
            secret: [0; 16],
            resumed,
            received,
            rejected,
            heartbeat_ms,
            max_message_bytes: session.max_message_bytes() as u64,
            encoding: session.encoding(),
            channels: session.channels().to_vec(),
        });
        self.peers.system = system_channel(session);
        for tab in self.tabs().collect::<Vec<_>>() {
            let ready = self.ready_message();
            self.outputs.extend(ready.map(|ready| (tab, ready)));
        }
    }

    fn ready_message(&self) -> Option<ToTab> {
        Some(ToTab::Ready {
            connection: self.connection?,
            transport: self.transport,
            answer: Box::new(self.answer.clone()?),
        })
    }

    pub(super) fn status(&mut self, now: Moment, session: &mut ClientSession, status: &Status) {
        if *status == Status::Ready {
            return;
        }
        if self.connection.take().is_some() {
            self.answer = None;
            self.feeds.clear(now, session);
            // The tabs send them again, or learn from the next handshake that the server has them.
            session.abandon_sends();
            self.peers.disconnected();
        }
        self.end = match status {
            Status::Closed { cause } if cause.code == Some(CloseReason::Replaced.code()) => {
                Some(LeadEnd::Replaced)
            }
            Status::Closed { .. } => Some(LeadEnd::Refused),
            Status::Idle
            | Status::AwaitingToken { .. }
            | Status::Connecting { .. }
            | Status::Ready
            | Status::Waiting { .. }
            | Status::Suspended { .. } => None,
        };
        for tab in self.tabs().collect::<Vec<_>>() {
            // Only the leader is refused: the others connect with their own tokens, under the next leader.
            let is_told = match self.end {
                None => true,
                Some(LeadEnd::Refused) => tab == self.own,
                Some(LeadEnd::Replaced) => false,
            };
            if is_told {
                let state = self.state(now, status);
                self.outputs.push_back((tab, state));
            }
        }
    }

    pub(super) fn state(&self, now: Moment, status: &Status) -> ToTab {
        if let Some(ready) = self.ready_message() {
            return ready;
        }
        let down = |is_suspended, retry, failures, cause: &Cause| ToTab::Down {
            is_suspended,
            retry,
            failures,
            cause: cause.clone(),
        };
        match status {
            Status::Waiting {
                until,
                failures,
                cause,
            } => down(false, Some(until.since(now)), *failures, cause),
            Status::Suspended { cause } => down(true, Some(core::time::Duration::ZERO), 0, cause),
            Status::Closed { cause } => down(false, None, 0, cause),
            Status::Idle
            | Status::AwaitingToken { .. }
            | Status::Connecting { .. }
            | Status::Ready => ToTab::Wait,
        }
    }

    /// Lets the session make the attempts that the tabs ask for.
    pub(super) fn attend(&mut self, now: Moment, session: &mut ClientSession) {
        let asked = self.peers.iter().map(|peer| peer.attention);
        let attention = asked.max().unwrap_or_default();
        if attention == self.attention {
            return;
        }
        self.attention = attention;
        session.attend(now, attention);
    }
}

fn system_channel(session: &ClientSession) -> u8 {
    let mut channels = session.channels().iter();
    let system = channels.find(|channel| channel.mode == crate::channel::ChannelMode::System);
    system.map_or(0, |channel| channel.id)
}
