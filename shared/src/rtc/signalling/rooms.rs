//! Rooms, and the clients in them.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use uuid::Uuid;

use super::{SignalError, SignallingConfig};

/// The rooms. A room exists while it has members.
#[derive(Debug, Default)]
pub(super) struct Rooms {
    rooms: BTreeMap<String, Room>,
    /// Rooms by member.
    entered: BTreeMap<Uuid, BTreeSet<String>>,
    /// Number of the rooms that clients of an owner have opened; owners without any are not in it.
    opened: BTreeMap<String, usize>,
}

/// One room.
#[derive(Debug)]
struct Room {
    /// The clients in it, each with its owner.
    members: BTreeMap<Uuid, Option<String>>,
    /// Owner of the client that opened it.
    owner: Option<String>,
}

impl Room {
    /// Adds a client, unless those of its owner have `limit` places already.
    fn admit(
        &mut self,
        client: Uuid,
        owner: Option<&str>,
        limit: usize,
    ) -> Result<(), SignalError> {
        let is_same = |other: &&Option<String>| other.as_deref() == owner;
        if owner.is_some() && self.members.values().filter(is_same).count() >= limit {
            return Err(SignalError::TooManyMembers(limit));
        }
        self.members.insert(client, owner.map(String::from));
        Ok(())
    }
}

impl Rooms {
    /// Adds a client to a room. Returns whether it was not there before.
    pub(super) fn enter(
        &mut self,
        client: Uuid,
        owner: Option<&str>,
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
        match self.rooms.get_mut(room) {
            Some(Room { members, .. }) if members.len() >= config.room_members => {
                return Err(SignalError::RoomFull(config.room_members));
            }
            Some(room) => room.admit(client, owner, config.owner_members)?,
            None => self.open(client, owner, room, config)?,
        }
        self.entered.entry(client).or_default().insert(room.into());
        Ok(true)
    }

    /// Makes a room with one member.
    fn open(
        &mut self,
        client: Uuid,
        owner: Option<&str>,
        room: &str,
        config: &SignallingConfig,
    ) -> Result<(), SignalError> {
        if self.rooms.len() >= config.rooms {
            return Err(SignalError::NoRoomLeft(config.rooms));
        }
        if let Some(owner) = owner {
            let opened = self.opened.get(owner).copied().unwrap_or_default();
            if opened >= config.owner_rooms {
                return Err(SignalError::TooManyOpened(config.owner_rooms));
            }
            self.opened.insert(owner.into(), opened + 1);
        }
        let owner = owner.map(String::from);
        let members = BTreeMap::from([(client, owner.clone())]);
        self.rooms.insert(room.into(), Room { members, owner });
        Ok(())
    }

    /// Removes a room without members.
    fn close(&mut self, room: &str) {
        let owner = self.rooms.remove(room).and_then(|room| room.owner);
        let Some(owner) = owner else {
            return;
        };
        if let Some(opened) = self.opened.get_mut(&owner) {
            *opened -= 1;
            if *opened == 0 {
                self.opened.remove(&owner);
            }
        }
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
        if let Some(Room { members, .. }) = self.rooms.get_mut(room) {
            members.remove(&client);
            if members.is_empty() {
                self.close(room);
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
        let room = self.rooms.get(room);
        room.into_iter()
            .flat_map(|room| room.members.keys().copied())
    }

    /// Returns whether a client is in a room.
    pub(super) fn contains(&self, room: &str, client: Uuid) -> bool {
        let room = self.rooms.get(room);
        room.is_some_and(|room| room.members.contains_key(&client))
    }

    /// The other clients in the rooms of a client, in rising order of their ids.
    pub(super) fn peers(&self, client: Uuid) -> Vec<Uuid> {
        let members = self.of(client).flat_map(|room| self.members(room));
        let peers: BTreeSet<Uuid> = members.filter(|&member| member != client).collect();
        peers.into_iter().collect()
    }

    /// Number of rooms.
    pub(super) fn len(&self) -> usize {
        self.rooms.len()
    }
}
