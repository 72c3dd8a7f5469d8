//! The tab's end of a line to the leader, which is the transport of the tab's session.

mod left;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

pub(super) use self::left::unknown;

use self::left::Left;
use super::{Generation, Lead, ToLeader, ToTab};
use crate::limits::{TAB_ANSWER, TAB_TAKEN_BYTES};
use crate::session::client::{Attention, Cause, Input, Transport};
use crate::session::op::RejectedMessage;
use crate::time::Moment;

/// One tab of those that share a connection.
///
/// The contract is that of [`ClientSession`](crate::session::client::ClientSession): after each call, carry out the outputs
/// in order, then arm one timer for [`poll_timeout`](Self::poll_timeout).
#[derive(Default, Debug)]
pub struct Member {
    /// Latest leader that is known.
    generation: Generation,
    /// Number of times that the tab has left the others.
    visit: u64,
    attention: Attention,
    stage: Stage,
    /// The leader was asked for the state of the connection, and has not answered.
    is_asked: bool,
    /// Attempt of the session whose transport this is.
    attempt: u32,
    deadline: Option<Moment>,
    /// Transport of the leader's connection, once there was one.
    transport: Option<Transport>,
    /// Messages that have left on the connection `sent_on`, and are not known as taken.
    left: Vec<Left>,
    sent_on: u64,
    /// Newest message that was passed to the leader on the latest line, by the session's numbers.
    passed: u64,
    /// Newest message in the server's session, as of the handshake of `settled`.
    received: u64,
    /// Connection whose handshake was compared with `left`.
    settled: u64,
    /// Latest connection of any leader that this tab has heard of, and the one before.
    seen: u64,
    seen_before: u64,
    /// The tab's messages up to this one were taken or refused, by the session's numbers.
    taken: u64,
    /// Those of them that the session has to be told as refused.
    rejected: Vec<RejectedMessage>,
    /// Bytes that were taken since the leader was told.
    untold: u64,
    outputs: VecDeque<MemberOutput>,
}

#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Stage {
    /// The session has no attempt.
    #[default]
    Idle,
    /// The leader is asked, or is connecting.
    Waiting,
    /// The leader was asked to begin a line, and has sent nothing on it.
    Opening,
    /// There is a line to the leader.
    Open,
}

/// Action for the driver of a [`Member`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MemberOutput {
    /// Send this to all tabs; the one that leads takes it.
    Send(ToLeader),
    /// Hand this to the tab's session.
    Input(Input),
    /// Call [`ClientSession::suspend`](crate::session::client::ClientSession::suspend).
    Suspend,
    /// Call [`ClientSession::wake`](crate::session::client::ClientSession::wake).
    Wake,
    /// Take the lock from the tab that has it, which does not answer.
    Steal,
}

impl Member {
    /// A tab that knows of no leader.
    #[must_use]
    pub fn new(attention: Attention) -> Self {
        Self {
            attention,
            ..Self::default()
        }
    }

    /// The latest leadership that is known.
    #[must_use]
    pub const fn generation(&self) -> Generation {
        self.generation
    }

    /// Number of times that the tab has left the others.
    #[must_use]
    pub const fn visit(&self) -> u64 {
        self.visit
    }

    /// Latest connection of a leader that is known, for [`Relay::new`](super::Relay::new).
    #[must_use]
    pub const fn connection(&self) -> u64 {
        self.seen
    }

    /// Transport of the leader's latest connection.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.transport.unwrap_or(Transport::WebSocket)
    }

    /// Begins an attempt of the session.
    pub fn open(&mut self, now: Moment, attempt: u32) {
        self.shut();
        self.attempt = attempt;
        self.join(now);
    }

    /// Sends a message of the session.
    pub fn transmit(&mut self, bytes: Vec<u8>) {
        if self.has_line() {
            let attempt = self.attempt;
            self.send(ToLeader::Data { attempt, bytes });
        }
    }

    /// Records that a message of the session leaves with the next [`transmit`](Self::transmit), under this number
    /// ([`Event::Numbered`](crate::session::client::Event::Numbered)).
    pub fn pass(&mut self, number: u64) {
        self.passed = number;
    }

    /// Ends the attempt.
    pub fn shut(&mut self) {
        let attempt = self.attempt;
        if self.has_line() {
            self.send(ToLeader::Shut { attempt });
        }
        self.rest();
    }

    /// Asks the leader for an attempt at once.
    pub fn connect(&mut self) {
        self.send(ToLeader::Connect);
    }

    /// Sends the leader the application's token.
    pub fn set_token(&mut self, token: Option<String>) {
        self.send(ToLeader::Token(token));
    }

    /// Records whether the tab is visible, and online.
    pub fn attend(&mut self, attention: Attention) {
        if self.attention != attention {
            self.attention = attention;
            self.send(ToLeader::Attend(attention));
        }
    }

    /// Takes leave: the tab is closed, or may come back.
    pub fn leave(&mut self) {
        self.forget_order();
        self.rest();
        self.send(ToLeader::Leave);
        self.visit += 1;
    }

    /// Takes the announcement of a leader, or of its connection.
    pub fn lead(&mut self, now: Moment, lead: Lead) {
        self.see(lead.connection);
        if lead.generation <= self.generation {
            return;
        }
        self.generation = lead.generation;
        // The earlier one has ended without a word.
        self.doubt_unnumbered();
        match self.stage {
            Stage::Idle => self.outputs.push_back(MemberOutput::Wake),
            Stage::Waiting => self.join(now),
            Stage::Opening | Stage::Open => self.lost(),
        }
    }

    /// Takes a message of the leader to this visit of the tab, or to an earlier one.
    pub fn message(&mut self, now: Moment, generation: Generation, visit: u64, message: ToTab) {
        // Also of an earlier leader: its message may have reached the server before the next leader's handshake.
        if let ToTab::Number {
            connection,
            own,
            number,
        } = message
        {
            let is_sure = visit == self.visit;
            return self.numbered(
                connection,
                Left {
                    own,
                    number,
                    is_sure,
                    guessed_on: None,
                },
            );
        }
        if let ToTab::End { attempt } = message
            && visit == self.visit
        {
            self.line_ended(attempt);
        }
        if generation < self.generation || visit != self.visit {
            return;
        }
        self.generation = generation;
        match message {
            ToTab::Wait => self.wait(now),
            ToTab::Ready {
                connection,
                transport,
                answer,
            } => {
                self.transport = Some(transport);
                let is_same = self.settled == connection;
                self.settle(connection, *answer);
                self.ready(now, is_same);
            }
            ToTab::Down {
                is_suspended,
                retry,
                failures,
                cause,
            } => self.down(is_suspended, retry, failures, cause),
            ToTab::Data {
                attempt,
                taken,
                bytes,
            } if self.is_open(attempt) => self.data(taken, bytes),
            ToTab::End { attempt } if self.is_open(attempt) => {
                // What has no number has not left, and will not.
                self.passed = 0;
                self.lost();
            }
            ToTab::Data { .. } | ToTab::End { .. } | ToTab::Number { .. } => {}
        }
    }

    /// Handles the deadline.
    pub fn handle_timeout(&mut self, now: Moment) {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        match self.stage {
            Stage::Idle | Stage::Open => self.deadline = None,
            Stage::Waiting | Stage::Opening if self.is_asked => {
                self.deadline = Some(now + TAB_ANSWER);
                self.outputs.push_back(MemberOutput::Steal);
            }
            Stage::Waiting | Stage::Opening => self.ask(now),
        }
    }

    /// Time at which to call [`handle_timeout`](Self::handle_timeout).
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Moment> {
        self.deadline
    }

    /// Returns the next output.
    pub fn poll_output(&mut self) -> Option<MemberOutput> {
        self.outputs.pop_front()
    }

    const fn has_line(&self) -> bool {
        matches!(self.stage, Stage::Opening | Stage::Open)
    }

    fn is_open(&self, attempt: u32) -> bool {
        self.has_line() && self.attempt == attempt
    }

    fn send(&mut self, message: ToLeader) {
        self.outputs.push_back(MemberOutput::Send(message));
    }

    fn rest(&mut self) {
        self.stage = Stage::Idle;
        self.deadline = None;
        self.is_asked = false;
        self.untold = 0;
    }

    fn join(&mut self, now: Moment) {
        self.stage = Stage::Waiting;
        self.ask(now);
    }

    /// Asks the leader for the state of the connection.
    fn ask(&mut self, now: Moment) {
        let (visit, attention) = (self.visit, self.attention);
        self.is_asked = true;
        self.deadline = Some(now + TAB_ANSWER);
        self.send(ToLeader::Join { visit, attention });
    }

    /// The leader has answered, and something more is awaited.
    fn answered(&mut self, now: Moment) {
        self.is_asked = false;
        self.deadline = Some(now + TAB_ANSWER);
    }

    fn wait(&mut self, now: Moment) {
        match self.stage {
            Stage::Idle => {}
            Stage::Waiting => self.answered(now),
            Stage::Opening | Stage::Open => self.lost(),
        }
    }

    fn ready(&mut self, now: Moment, is_same: bool) {
        match self.stage {
            Stage::Idle => self.outputs.push_back(MemberOutput::Wake),
            Stage::Opening if is_same => self.answered(now),
            Stage::Open if is_same => {}
            Stage::Opening | Stage::Open => self.lost(),
            Stage::Waiting => {
                self.stage = Stage::Opening;
                self.answered(now);
                self.open_line();
            }
        }
    }

    fn open_line(&mut self) {
        self.passed = 0;
        let attempt = self.attempt;
        self.send(ToLeader::Open {
            attempt,
            connection: self.settled,
            sent: self.left.last().map_or(0, |left| left.own),
            answer: Box::new(self.answer()),
        });
        let opened = Input::Opened { attempt };
        self.outputs.push_back(MemberOutput::Input(opened));
    }

    fn down(&mut self, is_suspended: bool, retry: Option<Duration>, failures: u32, cause: Cause) {
        if self.stage != Stage::Idle {
            self.rest();
            let attempt = self.attempt;
            let away = Input::Away {
                attempt,
                cause,
                retry,
                failures,
            };
            self.outputs.push_back(MemberOutput::Input(away));
        }
        if is_suspended {
            self.outputs.push_back(MemberOutput::Suspend);
        }
    }

    fn data(&mut self, taken: u64, bytes: Vec<u8>) {
        self.stage = Stage::Open;
        self.deadline = None;
        self.taken = self.taken.max(taken);
        self.left.retain(|left| left.own > taken);
        self.rejected.clear();
        let attempt = self.attempt;
        self.untold += bytes.len() as u64;
        if self.untold >= TAB_TAKEN_BYTES {
            let bytes = core::mem::take(&mut self.untold);
            self.send(ToLeader::Got { attempt, bytes });
        }
        let message = Input::Message { attempt, bytes };
        self.outputs.push_back(MemberOutput::Input(message));
    }

    /// Ends the line without a reason of the server's: the session makes its next attempt at once.
    fn lost(&mut self) {
        let attempt = self.attempt;
        self.rest();
        let closed = Input::Closed {
            attempt,
            code: None,
            reason: String::from("another tab takes the connection over"),
        };
        self.outputs.push_back(MemberOutput::Input(closed));
        self.outputs.push_back(MemberOutput::Wake);
    }
}
