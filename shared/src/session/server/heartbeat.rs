//! Heartbeats, and the end of a connection that does not answer them (docs/protocol.md section 5.3).

use core::time::Duration;

use super::{Output, ServerConfig, ServerSession};
use crate::close::CloseReason;
use crate::session::op::{ServerOp, StreamHead};
use crate::time::Moment;

/// When the next heartbeat is due, and until when the peer may be silent.
#[derive(Debug)]
pub(super) struct Heartbeat {
    next: Moment,
    heard: Moment,
    patience: Duration,
}

impl Heartbeat {
    pub(super) fn new(now: Moment, config: &ServerConfig) -> Self {
        let patience = config.heartbeat.saturating_add(config.heartbeat_grace);
        Self {
            next: now + config.heartbeat,
            heard: now,
            patience,
        }
    }

    pub(super) fn start(&mut self, now: Moment, config: &ServerConfig) {
        *self = Self::new(now, config);
    }

    pub(super) fn heard(&mut self, now: Moment) {
        self.heard = self.heard.max(now);
    }

    pub(super) const fn next(&self) -> Moment {
        self.next
    }

    pub(super) fn lost_at(&self) -> Option<Moment> {
        Some(self.heard + self.patience)
    }
}

impl ServerSession {
    pub(super) fn beat(&mut self, now: Moment) {
        if self.heartbeat.lost_at().is_some_and(|lost| lost <= now) {
            return self.close(CloseReason::HeartbeatLost);
        }
        if self.heartbeat.next <= now {
            self.heartbeat.next = now + self.config.heartbeat;
            self.put(Output::Heartbeat);
        }
    }

    /// Sends the heartbeat that [`Output::Heartbeat`] asked for.
    pub fn send_heartbeat(&mut self, heads: alloc::vec::Vec<StreamHead>) {
        self.put(Output::Op(ServerOp::Ping { heads }));
    }
}
