//! Ops and entries on their way to the transport.

use std::sync::Arc;

use push_wire_shared::time::Moment;

use super::stall::Stall;
use crate::carrier::Carrier;
use crate::dialect::{Codec, Dialect};
use crate::hub::{ConnectionWaker, Hub};
use crate::outbox::{Outbox, ReaderError};

/// The ops that wait in the codec, the readers of the outbox, and the time that the transport has to take bytes.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) codec: Codec,
    pub(super) outbox: Outbox,
    pub(super) stall: Stall,
}

impl Outgoing {
    pub(super) fn new(hub: &Hub, dialect: Dialect, waker: &Arc<ConnectionWaker>) -> Self {
        Self {
            codec: Codec::new(dialect, hub),
            outbox: Outbox::new(Arc::clone(waker)),
            stall: Stall::new(hub.limits().stall),
        }
    }

    /// Returns whether a message can be made.
    pub(super) fn has_output(&self) -> bool {
        self.codec.pending_ops() > 0 || self.outbox.has_queued()
    }

    /// Gives the ops, and entries of the readers, to the carrier. Returns the number of messages, and the readers that
    /// cannot go on.
    pub(super) fn pull(
        &mut self,
        now: Moment,
        hub: &Hub,
        out: &mut dyn Carrier,
    ) -> (usize, Vec<ReaderError>) {
        let batch_bytes = self.codec.batch_bytes(hub.limits().batch_bytes);
        let mut errors = Vec::new();
        let pulled = self
            .outbox
            .pull(now, &mut self.codec, batch_bytes, out, &mut errors);
        hub.counters().delivered(pulled.entries, pulled.deltas);
        self.given(now, pulled.messages);
        (pulled.messages, errors)
    }

    /// Gives the ops to the carrier.
    pub(super) fn finish(&mut self, now: Moment, out: &mut dyn Carrier) {
        let messages = self.codec.finish(out);
        self.given(now, messages);
    }

    fn given(&mut self, now: Moment, messages: usize) {
        if messages > 0 {
            self.stall.given(now);
        }
    }
}
