//! Rate at which a connection's messages are read.

use std::sync::Arc;

use push_wire_shared::session::server::Excess;
use push_wire_shared::time::Moment;

use crate::dialect::Request;
use crate::hub::Hub;
use crate::rate::{Buckets, Load, Wait};

/// Buckets of one connection, and the wait until more is read.
///
/// The load of a message is taken when it has been read, so that any message within the limit of its size is handled
/// regardless of the rates; those after it wait.
#[derive(Debug)]
pub(super) struct Inflow {
    hub: Arc<Hub>,
    buckets: Buckets,
    waits_until: Option<Moment>,
    /// Latest wait, if it was not reported to the session yet.
    untold: Option<Excess>,
}

impl Inflow {
    pub(super) fn new(hub: Arc<Hub>) -> Self {
        Self {
            hub,
            buckets: Buckets::default(),
            waits_until: None,
            untold: None,
        }
    }

    /// Number of frames to read at once, at most `room`.
    pub(super) fn frames_at_once(&self, now: Moment, room: usize) -> usize {
        let left = self
            .buckets
            .frames_left(now, &self.hub.limits().client_rates);
        // Without a wait there is room for one, even if the bucket holds only a part of a token.
        room.min(usize::try_from(left).unwrap_or(usize::MAX).max(1))
    }

    /// Takes a load from the connection's buckets. Returns the wait that it causes; it ends at `now` or earlier if there
    /// is none.
    pub(super) fn take(&mut self, now: Moment, load: Load) -> Wait {
        let rates = &self.hub.limits().client_rates;
        self.buckets.take(now, load, rates)
    }

    /// Reads nothing more until the end of a wait.
    pub(super) fn wait(&mut self, excess: Excess) {
        self.waits_until = self.waits_until.max(Some(excess.until));
        self.untold = Some(excess);
    }

    /// Takes the latest wait, if it was not reported to the session yet.
    pub(super) const fn take_excess(&mut self) -> Option<Excess> {
        self.untold.take()
    }

    /// End of the wait, if there is one.
    pub(super) const fn waits_until(&self) -> Option<Moment> {
        self.waits_until
    }

    /// Ends the wait if its time has come. Returns whether there is none.
    pub(super) fn is_open(&mut self, now: Moment) -> bool {
        if self.waits_until.is_some_and(|until| until <= now) {
            self.waits_until = None;
        }
        self.waits_until.is_none()
    }

    /// Ends the wait.
    pub(super) const fn open(&mut self) {
        self.waits_until = None;
        self.untold = None;
    }
}

/// Load of the frames of one read; a message without any counts as one.
pub(super) fn load(requests: &[Request]) -> Load {
    let mut load = Load::default();
    for request in requests {
        match request {
            Request::Op(op) => load.add_op(op),
            Request::Uplink(_) => load.add_upload(),
            Request::Names(names) => load.add_names(*names),
            Request::Error(..) | Request::Close(_) => load.add_frame(),
        }
    }
    if load.frames == 0 {
        load.add_frame();
    }
    load
}
