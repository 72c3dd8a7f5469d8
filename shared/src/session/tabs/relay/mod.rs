//! The leader's end of the lines of all tabs: passes streams and messages between them and the leader's session.

mod connection;
mod feed;
mod peer;
mod reader;
mod uplink;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use self::feed::Feeds;
use self::peer::{Earlier, Peers};
use super::{Generation, Lead, TabId, ToLeader, ToTab};
use crate::session::client::{Attention, ClientSession, EndCause, Event, Transport};
use crate::session::op::{AuthOk, ClientOp, RejectedMessage, ServerOp};
use crate::session::wire::Records;
use crate::time::Moment;

/// The leader's end of the lines of all tabs, its own among them.
///
/// The contract: hand every event of the leader's session to [`event`](Self::event), and every message of a tab to
/// [`message`](Self::message). After [`new`](Self::new) and each call, send the outputs of [`poll_announcement`](Self::poll_announcement) and
/// [`poll_output`](Self::poll_output), and only then carry
/// out those of the session: a tab has to know the number of a message before that leaves. The session has
/// [`tells_numbers`](crate::session::client::ClientConfig::tells_numbers) set.
#[derive(Debug)]
pub struct Relay {
    generation: Generation,
    /// The leading tab.
    own: TabId,
    /// The announcement that was not sent yet.
    announcement: Option<Lead>,
    /// Number of the connection; `None` while there is none.
    connection: Option<u64>,
    transport: Transport,
    /// The handshake's answer, for tabs.
    answer: Option<AuthOk>,
    attention: Attention,
    end: Option<LeadEnd>,
    peers: Peers,
    feeds: Feeds,
    outputs: VecDeque<(TabId, ToTab)>,
}

/// Reason for which a tab cannot lead any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LeadEnd {
    /// The server refuses the session: another tab may have a better token.
    Refused,
    /// The server has a newer connection of the session: another tab leads.
    Replaced,
}

impl Relay {
    /// The relay of a new leader, the tab `own`.
    #[must_use]
    pub fn new(own: TabId, generation: Generation) -> Self {
        Self {
            generation,
            own,
            announcement: Some(Lead {
                generation,
                connection: 0,
            }),
            connection: None,
            transport: Transport::WebSocket,
            answer: None,
            attention: Attention::Full,
            end: None,
            peers: Peers::default(),
            feeds: Feeds::default(),
            outputs: VecDeque::new(),
        }
    }

    /// The number of this leadership.
    #[must_use]
    pub const fn generation(&self) -> Generation {
        self.generation
    }

    /// The tabs that have not taken leave.
    pub fn tabs(&self) -> impl Iterator<Item = TabId> {
        let present = self.peers.iter().filter(|peer| peer.is_present);
        present.map(|peer| peer.tab)
    }

    /// Returns the reason for which this tab has to resign, once.
    pub fn poll_end(&mut self) -> Option<LeadEnd> {
        self.end.take()
    }

    /// Returns the announcement for all tabs, its own among them. Send it before other outputs.
    pub fn poll_announcement(&mut self) -> Option<Lead> {
        self.announcement.take()
    }

    /// Returns the next message to a tab, and the visit of the tab that it is for.
    pub fn poll_output(&mut self) -> Option<(TabId, u64, ToTab)> {
        let queued = self.outputs.pop_front();
        let (tab, message) = queued.or_else(|| self.peers.poll_output())?;
        let visit = self.peers.get(tab).map_or(0, |peer| peer.visit);
        Some((tab, visit, message))
    }

    /// Takes a message of a tab, which was meant for the leader of this generation.
    pub fn message(
        &mut self,
        now: Moment,
        session: &mut ClientSession,
        (generation, tab): (Generation, TabId),
        message: ToLeader,
    ) {
        if message.is_of_line() && generation != self.generation {
            return;
        }
        // The timers of a hidden page are late; the tab may be visible.
        session.handle_timeout(now);
        match message {
            ToLeader::Join { visit, attention } => {
                let peer = self.peers.get_or_add(tab);
                peer.visit = visit;
                peer.is_present = true;
                peer.attention = attention;
                let state = self.state(now, &session.status());
                self.outputs.push_back((tab, state));
                self.attend(now, session);
            }
            ToLeader::Attend(attention) => {
                self.peers.get_or_add(tab).attention = attention;
                self.attend(now, session);
            }
            ToLeader::Connect => session.connect(now),
            ToLeader::Token(token) => {
                // One that is too large was refused where it was set.
                session.set_token(token).unwrap_or_default();
            }
            ToLeader::Open {
                attempt,
                connection,
                sent,
                answer,
            } => {
                let earlier = Earlier {
                    connection,
                    sent,
                    received: answer.received,
                    rejected: answer.rejected,
                };
                self.open(now, session, tab, attempt, earlier);
            }
            ToLeader::Data { attempt, bytes } => {
                if self.peers.line(tab, attempt).is_some() && !self.data(now, session, tab, &bytes)
                {
                    self.end(now, session, tab);
                }
            }
            ToLeader::Got { attempt, bytes } => {
                if let Some(line) = self.peers.line(tab, attempt) {
                    line.waiting_bytes = line.waiting_bytes.saturating_sub(bytes);
                }
            }
            ToLeader::Shut { attempt } => {
                if self.peers.line(tab, attempt).is_some() {
                    self.drop_line(now, session, tab);
                }
            }
            ToLeader::Leave => self.leave(now, session, tab),
        }
        self.end_overfull(now, session);
    }

    /// Records that a tab has ended this visit, perhaps without a word.
    pub fn gone(&mut self, now: Moment, session: &mut ClientSession, tab: TabId, visit: u64) {
        let peer = self.peers.get(tab);
        if peer.is_some_and(|peer| peer.visit == visit && peer.is_present) {
            self.leave(now, session, tab);
        }
    }

    fn leave(&mut self, now: Moment, session: &mut ClientSession, tab: TabId) {
        self.drop_line(now, session, tab);
        self.peers.leave(tab);
        self.attend(now, session);
    }

    /// Takes an event of the session.
    pub fn event(&mut self, now: Moment, session: &mut ClientSession, event: Event) {
        match event {
            Event::Ready {
                resumed,
                received,
                rejected,
                ..
            } => self.ready(session, resumed, received, rejected),
            Event::Status(status) => self.status(now, session, &status),
            Event::Outcome {
                id,
                outcome,
                position: Some(position),
                floor,
                head,
                mode,
            } => {
                let answer = feed::Answer {
                    outcome,
                    position,
                    floor,
                    head,
                    mode,
                };
                self.feeds
                    .answered(now, session, &mut self.peers, id, answer);
            }
            // The next event tells the end.
            Event::Outcome { position: None, .. } => {}
            Event::Skipped {
                id,
                count: _,
                position,
            } => {
                self.feeds
                    .skipped(now, session, &mut self.peers, id, position);
            }
            Event::Entry(entry) => self.feeds.entry(now, session, &mut self.peers, entry),
            Event::Ended {
                id, cause, message, ..
            } => self.ended(id, cause, &message),
            Event::Numbered { ticket, number } => self.numbered(ticket, number),
            Event::Sent { ticket } => self.answered(session, ticket, None),
            Event::Refused {
                ticket,
                code,
                message,
                retry,
            } => {
                let retry_ms = retry.and_then(|retry| u64::try_from(retry.as_millis()).ok());
                let rejection = RejectedMessage {
                    number: 0,
                    code,
                    message,
                    retry_ms,
                };
                self.answered(session, ticket, Some(rejection));
            }
            Event::Notice(notice) => self.peers.tell(&ServerOp::Notice(notice)),
            Event::Error { code, message } => self.peers.tell(&ServerOp::Error {
                code,
                message,
                id: None,
                retry_ms: None,
            }),
        }
        self.end_overfull(now, session);
    }
}

/// Lines.
impl Relay {
    fn open(
        &mut self,
        now: Moment,
        session: &mut ClientSession,
        tab: TabId,
        attempt: u32,
        earlier: Earlier,
    ) {
        self.drop_line(now, session, tab);
        // What it states is true of that connection only.
        if self.connection != Some(earlier.connection) {
            return self.outputs.push_back((tab, ToTab::End { attempt }));
        }
        let peer = self.peers.get_or_add(tab);
        peer.is_present = true;
        peer.open(attempt, earlier);
    }

    /// Takes a message of a tab's session; false if it is none, or if an earlier one is missing: a browser may abort the script
    /// that was to take it.
    fn data(&mut self, now: Moment, session: &mut ClientSession, tab: TabId, bytes: &[u8]) -> bool {
        for record in Records::new(bytes) {
            let Ok((header, payload)) = record else {
                return false;
            };
            let system = self.peers.system;
            let peer = self.peers.get_or_add(tab);
            let is_first = peer.line.as_ref().is_some_and(|line| !line.is_begun);
            let is_control = is_first || header.channel == system;
            let is_read = if is_control {
                peer.is_next_control(header)
                    && ClientOp::decode(payload).is_ok_and(|op| self.op(now, session, tab, op))
            } else {
                peer.is_next_send(header) && self.uplink(now, session, tab, header.channel, payload)
            };
            if !is_read {
                return false;
            }
        }
        true
    }

    fn op(&mut self, now: Moment, session: &mut ClientSession, tab: TabId, op: ClientOp) -> bool {
        let Self { peers, feeds, .. } = self;
        match op {
            ClientOp::Auth(auth) => {
                let peer = peers.get_or_add(tab);
                if let Some(line) = &mut peer.line {
                    line.is_begun = true;
                    line.auth = Some(Box::new(auth));
                }
                self.welcome(now, session, tab);
            }
            ClientOp::Subscribe(requests) => {
                for request in requests {
                    feeds.subscribe(now, session, peers, tab, request);
                }
            }
            ClientOp::Unsubscribe(ids) => feeds.unsubscribe(now, session, tab, &ids),
            ClientOp::Ack(acks) => feeds.acked(now, session, tab, &acks),
            ClientOp::Whole(id) => feeds.whole(peers, tab, id),
            ClientOp::Ping => peers.send(tab, &ServerOp::Pong),
            // Tokens come as messages of their own, since they count for all tabs.
            ClientOp::Token(_) | ClientOp::Have(_) | ClientOp::Pong => {}
            ClientOp::Goodbye => self.leave(now, session, tab),
        }
        true
    }

    /// Answers a tab's handshake, once all is known of what it has sent before.
    fn welcome(&mut self, now: Moment, session: &mut ClientSession, tab: TabId) {
        let Some(answer) = &self.answer else {
            return;
        };
        let Some(auth) = self.peers.welcome(tab, answer) else {
            return;
        };
        for request in auth.subscriptions {
            let peers = &mut self.peers;
            self.feeds.subscribe(now, session, peers, tab, request);
        }
    }

    fn drop_line(&mut self, now: Moment, session: &mut ClientSession, tab: TabId) {
        if let Some(peer) = self.peers.get(tab).filter(|peer| peer.line.is_some()) {
            peer.line = None;
            self.feeds.leave(now, session, tab);
        }
    }

    /// Ends all lines, with word to their tabs: this tab leads no more.
    pub fn resign(&mut self, now: Moment, session: &mut ClientSession) {
        for tab in self.tabs().collect::<Vec<_>>() {
            self.end(now, session, tab);
        }
    }

    /// Ends a tab's line; the tab may begin another one.
    fn end(&mut self, now: Moment, session: &mut ClientSession, tab: TabId) {
        let line = self.peers.get(tab).and_then(|peer| peer.line.as_ref());
        if let Some(attempt) = line.map(|line| line.attempt) {
            self.outputs.push_back((tab, ToTab::End { attempt }));
            self.drop_line(now, session, tab);
        }
    }

    /// Ends the lines of tabs that take nothing.
    fn end_overfull(&mut self, now: Moment, session: &mut ClientSession) {
        let overfull = self.peers.iter().filter(|peer| peer.is_overfull());
        for tab in overfull.map(|peer| peer.tab).collect::<Vec<_>>() {
            self.end(now, session, tab);
        }
    }

    fn ended(&mut self, id: u32, cause: EndCause, message: &str) {
        let end = |id| match cause {
            EndCause::Reset(reason) => ServerOp::Reset {
                id,
                reason,
                reading: None,
                floor: 0,
                head: 0,
            },
            EndCause::Error(code) => ServerOp::Error {
                code,
                message: message.into(),
                id: Some(id),
                retry_ms: None,
            },
        };
        for (tab, id) in self.feeds.ended(id) {
            self.peers.send(tab, &end(id));
        }
    }
}
