//! Clients, their grants, and the rooms that they are in, as plain pairs.

use std::collections::BTreeSet;

use push_wire_shared::rtc::signalling::SignallingConfig;
use push_wire_shared::time::Moment;
use uuid::Uuid;

/// Clients of a run.
pub(super) const CLIENTS: usize = 6;

/// Rooms of a run.
pub(super) const ROOMS: usize = 4;

/// Owners of the clients, whose rooms are limited.
pub(super) const OWNERS: [&str; 2] = ["ada", "eve"];

/// Owner of a client.
pub(super) const fn owner(client: usize) -> usize {
    client % OWNERS.len()
}

/// Grant of a client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grant {
    /// Rooms to which the client may send, by bit.
    pub(super) rooms: u8,
    /// End of the grant; `None` for never.
    pub(super) until: Option<Moment>,
}

impl Grant {
    pub(super) const fn allows(self, room: usize) -> bool {
        self.rooms & (1 << room) != 0
    }
}

/// Sessions with their grants, and the clients in rooms.
#[derive(Debug, Default)]
pub(super) struct Model {
    /// Grant of each client that has a session.
    grants: [Option<Grant>; CLIENTS],
    /// Pairs of client and room.
    members: BTreeSet<(usize, usize)>,
    /// Owner that has opened each room, while it has members.
    openers: [usize; ROOMS],
}

impl Model {
    pub(super) const fn has_session(&self, client: usize) -> bool {
        self.grants[client].is_some()
    }

    /// Grant of a client, unless it has ended.
    pub(super) fn grant(&self, now: Moment, client: usize) -> Option<Grant> {
        self.grants[client].filter(|grant| grant.until.is_none_or(|until| now < until))
    }

    /// Sets the grant of a client, which leaves the rooms that it does not allow.
    pub(super) fn set_grant(&mut self, client: usize, grant: Grant) {
        self.grants[client] = Some(grant);
        self.members
            .retain(|&(member, room)| member != client || grant.allows(room));
    }

    /// Ends the session of a client.
    pub(super) fn end(&mut self, client: usize) {
        self.grants[client] = None;
        self.leave(client, None);
    }

    /// Takes the members whose grants have ended from their rooms.
    pub(super) fn expire(&mut self, now: Moment) {
        for client in 0..CLIENTS {
            if self.grant(now, client).is_none() {
                self.leave(client, None);
            }
        }
    }

    /// Takes a client from a room, or from all.
    pub(super) fn leave(&mut self, client: usize, room: Option<usize>) {
        self.members
            .retain(|&(member, of)| member != client || room.is_some_and(|room| room != of));
    }

    /// Adds a client to a room. Returns whether its grant and the limits allow it.
    pub(super) fn enter(
        &mut self,
        now: Moment,
        client: usize,
        room: usize,
        limits: &SignallingConfig,
    ) -> bool {
        if !self
            .grant(now, client)
            .is_some_and(|grant| grant.allows(room))
        {
            return false;
        }
        if self.members.contains(&(client, room)) {
            return true;
        }
        let of_client = self.members.iter().filter(|pair| pair.0 == client).count();
        let of_room = self.members.iter().filter(|pair| pair.1 == room).count();
        let of_owner = self
            .members
            .iter()
            .filter(|pair| pair.1 == room && owner(pair.0) == owner(client))
            .count();
        let rooms: BTreeSet<usize> = self.members.iter().map(|pair| pair.1).collect();
        let is_open = rooms.contains(&room);
        let opened = rooms
            .iter()
            .filter(|&&room| self.openers[room] == owner(client));
        let may_open = rooms.len() < limits.rooms && opened.count() < limits.owner_rooms;
        let is_within = of_client < limits.client_rooms
            && of_room < limits.room_members
            && of_owner < limits.owner_members
            && (is_open || may_open);
        if is_within {
            self.members.insert((client, room));
        }
        if is_within && !is_open {
            self.openers[room] = owner(client);
        }
        is_within
    }

    /// Returns whether two clients are in this room, or in any one, to which the sender has a right.
    pub(super) fn may_send(
        &self,
        now: Moment,
        (from, to): (usize, usize),
        topic: Option<usize>,
    ) -> bool {
        let Some(grant) = self.grant(now, from).filter(|_| from != to) else {
            return false;
        };
        (0..ROOMS).any(|room| {
            topic.is_none_or(|topic| topic == room)
                && grant.allows(room)
                && [from, to]
                    .iter()
                    .all(|&one| self.members.contains(&(one, room)))
        })
    }

    /// The other clients in the rooms of a client.
    pub(super) fn peers(&self, client: usize) -> Vec<Uuid> {
        let shares = |other: usize| {
            let mut rooms = 0..ROOMS;
            rooms.any(|room| {
                [client, other]
                    .iter()
                    .all(|&one| self.members.contains(&(one, room)))
            })
        };
        let others = (0..CLIENTS).filter(|&other| other != client && shares(other));
        others.map(id).collect()
    }
}

/// Id of a client.
pub(super) const fn id(client: usize) -> Uuid {
    Uuid::from_u128(client as u128 + 1)
}
