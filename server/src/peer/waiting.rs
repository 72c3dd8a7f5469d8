//! Subscriptions and messages that wait while a renewed token is checked: the present grant does not allow them, but the new
//! one may.

use std::collections::VecDeque;

use push_wire_shared::position::{Position, StreamKey};
use push_wire_shared::session::server::Delivery;

/// Request of the session for a stream; the fields are those of `Output::Open`.
#[derive(Debug)]
pub(super) struct Lookup {
    pub(super) number: u64,
    pub(super) key: StreamKey,
    pub(super) position: Option<Position>,
}

/// Requests that wait for the grant of a renewed token, and those that follow them; `None` without any. Each kind keeps its
/// order.
#[derive(Default, Debug)]
pub(super) struct Waiting(Option<Box<Requests>>);

/// Messages for the application, and lookups of streams, in the order of their arrival.
#[derive(Default, Debug)]
pub(super) struct Requests {
    pub(super) messages: VecDeque<Delivery>,
    pub(super) lookups: VecDeque<Lookup>,
}

impl Waiting {
    pub(super) fn add_message(&mut self, message: Delivery) {
        self.0.get_or_insert_default().messages.push_back(message);
    }

    pub(super) fn add_lookup(&mut self, lookup: Lookup) {
        self.0.get_or_insert_default().lookups.push_back(lookup);
    }

    pub(super) fn has_messages(&self) -> bool {
        let requests = self.0.as_ref();
        requests.is_some_and(|requests| !requests.messages.is_empty())
    }

    pub(super) fn has_lookups(&self) -> bool {
        let requests = self.0.as_ref();
        requests.is_some_and(|requests| !requests.lookups.is_empty())
    }

    /// Number of requests.
    pub(super) fn len(&self) -> usize {
        let requests = self.0.as_ref();
        requests.map_or(0, |requests| {
            requests.messages.len() + requests.lookups.len()
        })
    }

    /// Takes all requests.
    pub(super) fn take(&mut self) -> Requests {
        self.0.take().map(|requests| *requests).unwrap_or_default()
    }
}
