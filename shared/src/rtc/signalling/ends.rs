//! Ends of the grants of clients in rooms.

use alloc::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::time::Moment;

/// Times at which grants end. Clients whose grant does not end are not in it.
#[derive(Debug, Default)]
pub(super) struct Ends {
    of: BTreeMap<Uuid, Moment>,
    in_order: BTreeSet<(Moment, Uuid)>,
}

impl Ends {
    /// Sets the end of a client's grant; `None` for never.
    pub(super) fn set(&mut self, client: Uuid, end: Option<Moment>) {
        let earlier = match end {
            Some(end) => self.of.insert(client, end),
            None => self.of.remove(&client),
        };
        if let Some(earlier) = earlier {
            self.in_order.remove(&(earlier, client));
        }
        if let Some(end) = end {
            self.in_order.insert((end, client));
        }
    }

    /// Time of the first end.
    pub(super) fn first(&self) -> Option<Moment> {
        self.in_order.first().map(|(end, _)| *end)
    }

    /// Takes a client whose grant has ended.
    pub(super) fn take_due(&mut self, now: Moment) -> Option<Uuid> {
        let (_, client) = *self.in_order.first().filter(|(end, _)| *end <= now)?;
        self.set(client, None);
        Some(client)
    }
}
