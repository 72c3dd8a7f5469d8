//! Messages that have left for the server, and what the next handshake proves of them.

use alloc::vec::Vec;

use uuid::Uuid;

use super::Member;
use crate::encoding::PayloadEncoding;
use crate::limits::REJECTIONS;
use crate::session::op::{AuthOk, ErrorCode, RejectedMessage};

/// A message that has left for the server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Left {
    /// Number in the tab's session.
    pub(super) own: u64,
    /// Number in the server's session.
    pub(super) number: u64,
    /// The tab has heard of all connections since then: it was not away.
    pub(super) is_sure: bool,
    /// Attempt on whose line the leader has not told the number: perhaps it has not left.
    pub(super) guessed_on: Option<u32>,
}

impl Member {
    /// The tab does not hear of connections, nor of the numbers of messages on their way to the leader, until it is back.
    pub(super) fn forget_order(&mut self) {
        self.left.iter_mut().for_each(|left| left.is_sure = false);
        self.doubt_unnumbered();
    }

    /// Nobody will tell whether the messages on their way to the leader have left: a crash loses their numbers.
    pub(super) fn doubt_unnumbered(&mut self) {
        let newest = self.left.last();
        let (mut own, mut number) =
            newest.map_or((self.taken, self.received), |left| (left.own, left.number));
        if own < self.passed {
            self.sent_on = self.settled;
        }
        while own < self.passed {
            own += 1;
            // At least.
            number += 1;
            self.left.push(Left {
                own,
                number,
                is_sure: false,
                guessed_on: Some(self.attempt),
            });
        }
        self.passed = 0;
    }

    /// Takes the word of a leader that nothing has left on this line but what has a number. It may arrive after that of the
    /// next leader.
    pub(super) fn line_ended(&mut self, attempt: u32) {
        self.left.retain(|left| left.guessed_on != Some(attempt));
    }

    pub(super) fn numbered(&mut self, connection: u64, left: Left) {
        if connection < self.settled || connection < self.sent_on {
            return;
        }
        self.sent_on = connection;
        match self.left.iter_mut().find(|known| known.own == left.own) {
            Some(known) => *known = left,
            None => self.left.push(left),
        }
    }

    pub(super) fn see(&mut self, connection: u64) {
        if connection > self.seen {
            self.seen_before = self.seen;
            self.seen = connection;
        }
    }

    /// Finds out, from a handshake, which of the messages that have left earlier the server has.
    pub(super) fn settle(&mut self, connection: u64, answer: AuthOk) {
        self.see(connection);
        if connection <= self.settled {
            return;
        }
        self.settled = connection;
        let left = core::mem::take(&mut self.left);
        self.passed = 0;
        self.received = answer.received;
        // Another session of the server does not know them: they are sent again, as without other tabs.
        if !answer.resumed {
            return;
        }
        // If there was another connection in between, others may have used the same numbers on it.
        let is_known = self.sent_on >= self.seen_before;
        for Left {
            own,
            number,
            is_sure,
            guessed_on: _,
        } in left
        {
            if number > answer.received {
                break;
            }
            self.taken = self.taken.max(own);
            let mut rejected = answer.rejected.iter();
            let rejection = rejected.find(|rejection| rejection.number == number);
            let rejection = if is_known && is_sure {
                rejection.cloned()
            } else {
                Some(unknown())
            };
            let own = |rejection| RejectedMessage {
                number: own,
                ..rejection
            };
            self.rejected.extend(rejection.map(own));
        }
        let surplus = self.rejected.len().saturating_sub(REJECTIONS);
        self.rejected.drain(..surplus);
    }

    /// Answer to the session's handshake, with the state of its earlier messages.
    pub(super) fn answer(&self) -> AuthOk {
        AuthOk {
            client_id: Uuid::nil(),
            secret: [0; 16],
            resumed: true,
            received: self.taken,
            rejected: self.rejected.clone(),
            heartbeat_ms: 0,
            max_message_bytes: 0,
            encoding: PayloadEncoding::Json,
            channels: Vec::new(),
        }
    }
}

/// The answer to a message whose outcome is unknown.
pub(in crate::session::tabs) fn unknown() -> RejectedMessage {
    let message = "the page was left while another tab took the connection over: the server may have carried this out";
    RejectedMessage {
        number: 0,
        code: ErrorCode::Unavailable,
        message: message.into(),
        retry_ms: None,
    }
}
