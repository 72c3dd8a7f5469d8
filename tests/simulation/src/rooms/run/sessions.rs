//! Sessions of a run: their grants, connections and ends.

use std::time::Duration;

use super::{Grant, RoomsFault, Run, id, may_use};

impl Run {
    /// Gives a client another grant, and a session if it has none.
    pub(super) fn grant(&mut self, client: usize) -> Result<(), String> {
        let until = (self.rng.u8(0..4) == 0)
            .then(|| self.now + Duration::from_millis(self.rng.u64(1..20_000)));
        let rooms = match self.rng.u8(0..4) {
            0 => self.rng.u8(..),
            _ => u8::MAX,
        };
        let grant = Grant { rooms, until };
        self.tally.expired += u64::from(
            self.model.has_session(client) && self.model.grant(self.now, client).is_none(),
        );
        self.model.set_grant(client, grant);
        if self.fault != RoomsFault::IgnoreGrants {
            self.signalling
                .restrict(self.now, id(client), until, may_use(Some(grant)));
        }
        self.tally.returns += u64::from(self.away[client]);
        self.away[client] = false;
        if self.fault != RoomsFault::IgnoreReturns {
            self.signalling.handle_return(id(client));
        }
        self.drain()
    }

    /// Ends the connection of a client, which keeps its session.
    pub(super) fn lose(&mut self, client: usize) -> Result<(), String> {
        if self.model.has_session(client) {
            self.away[client] = true;
            self.signalling.handle_absence(id(client));
        }
        self.drain()
    }

    /// Revokes the grant of a client, which keeps its session.
    pub(super) fn withdraw(&mut self, client: usize) -> Result<(), String> {
        if !self.model.has_session(client) {
            return Ok(());
        }
        let ended = Grant {
            rooms: 0,
            until: Some(self.now),
        };
        self.model.set_grant(client, ended);
        self.signalling.withdraw(self.now, id(client));
        self.drain()
    }

    pub(super) fn end(&mut self, client: usize) -> Result<(), String> {
        self.model.end(client);
        self.lists[client] = None;
        self.away[client] = false;
        if self.fault != RoomsFault::IgnoreEnds {
            self.signalling.leave(self.now, id(client));
        }
        self.drain()
    }
}
