//! Server side of the heartbeat: `ping` with the heads, and the deadline of the answer (docs/protocol.md section 5.3).

use alloc::vec::Vec;
use core::time::Duration;

use super::outputs::Outputs;
use super::{Output, ServerConfig};
use crate::limits::SUBSCRIPTIONS;
use crate::session::op::{ServerOp, StreamHead};
use crate::time::Moment;

/// Time of the next heartbeat, and the deadline of the peer's silence.
#[derive(Debug)]
pub(super) struct Heartbeat {
    next: Moment,
    last_activity: Moment,
    interval: Duration,
    silence_limit: Duration,
}

/// Bytes of a `ping` op without its heads.
const PING_BYTES: usize = 64;

impl Heartbeat {
    pub(super) fn new(now: Moment, config: &ServerConfig) -> Self {
        Self {
            next: now + config.heartbeat,
            last_activity: now,
            interval: config.heartbeat,
            silence_limit: config.heartbeat.saturating_add(config.heartbeat_grace),
        }
    }

    pub(super) fn note_activity(&mut self, now: Moment) {
        self.last_activity = self.last_activity.max(now);
    }

    /// Time of the next heartbeat, or of the deadline for the peer's answer, whichever is first.
    pub(super) fn next(&self) -> Moment {
        self.next.min(self.lost_at())
    }

    fn lost_at(&self) -> Moment {
        self.last_activity + self.silence_limit
    }

    pub(super) fn is_lost(&self, now: Moment) -> bool {
        self.lost_at() <= now
    }

    /// Requests the heads if a heartbeat is due.
    pub(super) fn beat(&mut self, now: Moment, outputs: &mut Outputs) {
        if self.next <= now {
            self.next = now + self.interval;
            outputs.put(Output::Heartbeat);
        }
    }
}

/// Sends the heads in as many `ping` ops as messages of this size require; at least one.
pub(super) fn ping(heads: &[StreamHead], message_bytes: usize, outputs: &mut Outputs) {
    let fitting = message_bytes.saturating_sub(PING_BYTES) / StreamHead::WIRE_BYTES;
    let at_once = fitting.clamp(1, SUBSCRIPTIONS);
    if heads.is_empty() {
        outputs.op(ServerOp::Ping { heads: Vec::new() });
    }
    for heads in heads.chunks(at_once) {
        outputs.op(ServerOp::Ping {
            heads: heads.to_vec(),
        });
    }
}
