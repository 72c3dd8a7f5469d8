//! Rooms, and the clients in them.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use uuid::Uuid;

use super::{SignalError, SignallingConfig};

/// The rooms. A room exists while it has members.
#[derive(Debug, Default)]
pub(super) struct Rooms {
    members: BTreeMap<String, BTreeSet<Uuid>>,
    /// Rooms by member.
    entered: BTreeMap<Uuid, BTreeSet<String>>,
}

impl Rooms {
    /// Adds a client to a room. Returns whether it was not there before.
    pub(super) fn enter(
        &mut self,
        client: Uuid,
        room: &str,
        config: &SignallingConfig,
    ) -> Result<bool, SignalError> {
        let entered = self.entered.get(&client);
        if entered.is_some_and(|entered| entered.contains(room)) {
            return Ok(false);
        }
        if entered.map_or(0, BTreeSet::len) >= config.client_rooms {
            return Err(SignalError::TooManyRooms(config.client_rooms));
        }
        match self.members.get(room) {
            Some(members) if members.len() >= config.room_members => {
                return Err(SignalError::RoomFull(config.room_members));
            }
            None if self.members.len() >= config.rooms => {
                return Err(SignalError::NoRoomLeft(config.rooms));
            }
            Some(_) | None => {}
        }
        self.members.entry(room.into()).or_default().insert(client);
        self.entered.entry(client).or_default().insert(room.into());
        Ok(true)
    }

    /// Removes a client from a room. Returns whether it was there.
    pub(super) fn leave(&mut self, client: Uuid, room: &str) -> bool {
        let Some(entered) = self.entered.get_mut(&client) else {
            return false;
        };
        if !entered.remove(room) {
            return false;
        }
        if entered.is_empty() {
            self.entered.remove(&client);
        }
        if let Some(members) = self.members.get_mut(room) {
            members.remove(&client);
            if members.is_empty() {
                self.members.remove(room);
            }
        }
        true
    }

    /// Rooms of a client.
    pub(super) fn of(&self, client: Uuid) -> impl Iterator<Item = &str> {
        let entered = self.entered.get(&client).into_iter().flatten();
        entered.map(String::as_str)
    }

    /// Members of a room.
    pub(super) fn members(&self, room: &str) -> impl Iterator<Item = Uuid> {
        self.members.get(room).into_iter().flatten().copied()
    }

    /// Returns whether a client is in a room.
    pub(super) fn contains(&self, room: &str, client: Uuid) -> bool {
        let members = self.members.get(room);
        members.is_some_and(|members| members.contains(&client))
    }

    /// The other clients in the rooms of a client, in rising order of their ids.
    pub(super) fn peers(&self, client: Uuid) -> Vec<Uuid> {
        let members = self.of(client).flat_map(|room| self.members(room));
        let peers: BTreeSet<Uuid> = members.filter(|&member| member != client).collect();
        peers.into_iter().collect()
    }

    /// Number of rooms.
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }
}
