//! [`Signalling`]: the state machine of a signalling channel.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;

use uuid::Uuid;

use super::absent::Absent;
use super::ends::Ends;
use super::rooms::Rooms;
use super::{Signal, SignalError, SignallingConfig};
use crate::limits::{RTC_CANDIDATE_AGE, RTC_MESSAGE_BYTES};
use crate::position::is_topic;
use crate::relay::RelayBudgets;
use crate::rtc::{RtcMessage, RtcRequest, SeenCandidates};
use crate::time::{Moment, sooner};

/// Sender of a signalling message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Sender<'a> {
    /// Client id.
    pub client: Uuid,
    /// Topic of the message: the room in which it is sent. Default none: any room that is shared with the receiver.
    pub topic: Option<&'a str>,
    /// The application allows the message to a receiver with which no room is shared; default `false`.
    pub is_allowed: bool,
    /// End of the client's grant, at which it leaves its rooms; default never.
    pub until: Option<Moment>,
    /// Owner of the client: a user, or a network. The rooms that clients of one owner open, and their places in a room, are
    /// limited together; default none, without these limits.
    pub owner: Option<&'a str>,
}

impl<'a> Sender<'a> {
    /// A client that sends without topic.
    #[must_use]
    pub const fn new(client: Uuid) -> Self {
        Self {
            client,
            topic: None,
            is_allowed: false,
            until: None,
            owner: None,
        }
    }

    /// The same client that sends in a room.
    #[must_use]
    pub const fn in_room(mut self, topic: Option<&'a str>) -> Self {
        self.topic = topic;
        self
    }

    /// The same client whose message the application allows, or not.
    #[must_use]
    pub const fn allowed(mut self, is_allowed: bool) -> Self {
        self.is_allowed = is_allowed;
        self
    }

    /// The same client of this owner.
    #[must_use]
    pub const fn of_owner(mut self, owner: Option<&'a str>) -> Self {
        self.owner = owner;
        self
    }

    /// The same client with a grant that ends at this time, or never.
    #[must_use]
    pub const fn until(mut self, end: Option<Moment>) -> Self {
        self.until = end;
        self
    }
}

/// Output of a [`Signalling`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Send this message to a client.
    Send {
        /// Client id of the receiver.
        to: Uuid,
        /// The message.
        message: RtcMessage,
    },
    /// Send credentials for the TURN server to this client.
    TurnRequested(Uuid),
}

/// State machine of a signalling channel: rooms, rates, and messages between clients of one room.
///
/// Sans-IO. After each call that changes it, take the outputs by [`poll_output`](Self::poll_output), then call
/// [`handle_timeout`](Self::handle_timeout) at the time of [`poll_timeout`](Self::poll_timeout). Lists of peers that are
/// taken one after the other have to reach a client in this order.
#[derive(Debug)]
pub struct Signalling {
    config: SignallingConfig,
    rooms: Rooms,
    ends: Ends,
    absent: Absent,
    seen: SeenCandidates,
    budgets: RelayBudgets,
    /// Rooms whose members have changed since their lists were sent.
    changed: BTreeSet<String>,
    lists_at: Option<Moment>,
    outputs: VecDeque<Output>,
}

impl Signalling {
    /// A channel without rooms.
    #[must_use]
    pub fn new(config: SignallingConfig) -> Self {
        Self {
            config,
            rooms: Rooms::default(),
            ends: Ends::default(),
            absent: Absent::default(),
            seen: SeenCandidates::default(),
            budgets: RelayBudgets::new(config.bandwidth),
            changed: BTreeSet::new(),
            lists_at: None,
            outputs: VecDeque::new(),
        }
    }

    /// Number of rooms.
    #[must_use]
    pub fn rooms(&self) -> usize {
        self.rooms.len()
    }

    /// Takes a message of `bytes` bytes from the budget of its sender. To be called before the message is read.
    ///
    /// # Errors
    /// [`SignalError::RateLimited`]; the message must not be passed to [`handle`](Self::handle).
    pub fn charge(&mut self, now: Moment, client: Uuid, bytes: usize) -> Result<(), SignalError> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let bytes = bytes.saturating_add(RTC_MESSAGE_BYTES);
        match self.budgets.charge(now, client, bytes) {
            Ok(charge) => {
                self.budgets.sent(charge);
                Ok(())
            }
            Err(_) => Err(SignalError::RateLimited {
                retry: self.budgets.wait(now, client, bytes),
            }),
        }
    }

    /// Returns whether a client may send to another one because of a room that they share: that of the topic, or any.
    /// `may_use` tells whether the sender has the right to send to a room.
    #[must_use]
    pub fn is_permitted(
        &self,
        sender: Sender<'_>,
        to: Uuid,
        may_use: impl Fn(&str) -> bool,
    ) -> bool {
        let mut rooms = self.rooms.of(sender.client);
        to != sender.client
            && rooms.any(|room| {
                sender.topic.is_none_or(|topic| topic == room)
                    && self.rooms.contains(room, to)
                    && may_use(room)
            })
    }

    /// Carries out a client's message. `may_use` tells whether the client has the right to send to a room.
    ///
    /// # Errors
    /// [`SignalError`]; nothing has changed.
    pub fn handle(
        &mut self,
        now: Moment,
        sender: Sender<'_>,
        signal: Signal,
        may_use: impl Fn(&str) -> bool,
    ) -> Result<(), SignalError> {
        match signal {
            Signal::Message(RtcMessage::PeerDiscovery { room }) => {
                self.discover(now, sender, room, may_use)
            }
            Signal::Message(message) => self.pass_on(now, sender, message, may_use),
            Signal::Request(RtcRequest::LeaveRoom { room }) => self.leave_room(now, sender, room),
            Signal::Request(RtcRequest::TurnRequest) => {
                self.outputs.push_back(Output::TurnRequested(sender.client));
                Ok(())
            }
        }
    }

    /// Removes a client whose session has ended from all rooms.
    pub fn leave(&mut self, now: Moment, client: Uuid) {
        self.leave_rooms(now, client, |_| false);
        self.ends.set(client, None);
        self.absent.remove(client);
    }

    /// Records that a client has lost its connection. Until it returns, it is sent a changed list of peers only before the next
    /// message for it. Has no effect for a client in no room.
    pub fn handle_absence(&mut self, client: Uuid) {
        if self.is_member(client) {
            self.absent.add(client);
        }
    }

    /// Records that a client has a connection again. It is sent the list of its peers if that has changed.
    pub fn handle_return(&mut self, client: Uuid) {
        if self.absent.remove(client) {
            self.send_list(client);
        }
    }

    /// Removes a client whose grant has ended, or was revoked, from all rooms. It is sent the list without peers.
    pub fn withdraw(&mut self, now: Moment, client: Uuid) {
        self.restrict(now, client, None, |_| false);
    }

    /// Takes a new grant of a client, which ends at `until`: removes the client from the rooms to which it has no right any
    /// more. It is sent the new list of its peers if there are such rooms.
    pub fn restrict(
        &mut self,
        now: Moment,
        client: Uuid,
        until: Option<Moment>,
        may_use: impl Fn(&str) -> bool,
    ) {
        if self.leave_rooms(now, client, may_use) {
            self.send_list(client);
        }
        self.end_at(client, until);
    }

    /// Handles the timers that are due. Has no effect before [`poll_timeout`](Self::poll_timeout).
    pub fn handle_timeout(&mut self, now: Moment) {
        while let Some(client) = self.ends.take_due(now) {
            self.withdraw(now, client);
        }
        self.send_changed(now);
    }

    /// Records that a message could not be sent: its candidates are passed on if they come again.
    pub fn handle_unsent(&mut self, message: &RtcMessage) {
        if let RtcMessage::Candidate {
            from,
            to,
            candidate,
        } = message
        {
            self.seen.remove(*from, *to, candidate);
        }
        if let RtcMessage::CandidateBatch {
            from,
            to,
            candidates,
        } = message
        {
            for candidate in candidates {
                self.seen.remove(*from, *to, candidate);
            }
        }
    }

    /// Next output.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Time at which [`handle_timeout`](Self::handle_timeout) is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        sooner(self.lists_at, self.ends.first())
    }

    /// Removes a client from the rooms in which it does not stay. Returns whether there were some.
    fn leave_rooms(&mut self, now: Moment, client: Uuid, stays: impl Fn(&str) -> bool) -> bool {
        let rooms = self.rooms.of(client).filter(|room| !stays(room));
        let rooms: Vec<String> = rooms.map(String::from).collect();
        for room in &rooms {
            self.rooms.leave(client, room);
            self.note_change(now, room);
        }
        !rooms.is_empty()
    }

    /// Sets the end of a client's grant. Only that of a client in rooms has an effect.
    fn end_at(&mut self, client: Uuid, until: Option<Moment>) {
        let is_member = self.is_member(client);
        self.ends.set(client, until.filter(|_| is_member));
    }

    fn is_member(&self, client: Uuid) -> bool {
        self.rooms.of(client).next().is_some()
    }

    /// Sends the members of changed rooms their lists, once the time has come.
    fn send_changed(&mut self, now: Moment) {
        if self.lists_at.is_none_or(|at| at > now) {
            return;
        }
        self.lists_at = None;
        let changed = core::mem::take(&mut self.changed);
        let members = changed.iter().flat_map(|room| self.rooms.members(room));
        let members: BTreeSet<Uuid> = members.collect();
        for client in members {
            self.send_list(client);
        }
    }

    fn pass_on(
        &mut self,
        now: Moment,
        sender: Sender<'_>,
        message: RtcMessage,
        may_use: impl Fn(&str) -> bool,
    ) -> Result<(), SignalError> {
        let to = message
            .receiver()
            .ok_or(SignalError::OfServer("this message"))?;
        let is_allowed = sender.is_allowed && to != sender.client;
        if !is_allowed && !self.is_permitted(sender, to, may_use) {
            return Err(SignalError::PeerNotPermitted);
        }
        let message = message.with_sender(sender.client);
        if let Some(message) = self.without_repeated(now, message) {
            if self.absent.take_deferred(to) {
                self.put_list(to);
            }
            self.outputs.push_back(Output::Send { to, message });
        }
        Ok(())
    }

    /// The message without candidates that were passed on in the last [`RTC_CANDIDATE_AGE`]; `None` if nothing is left of it.
    fn without_repeated(&mut self, now: Moment, mut message: RtcMessage) -> Option<RtcMessage> {
        let age = now.since_origin().saturating_sub(RTC_CANDIDATE_AGE);
        self.seen.forget_before(Moment::after_origin(age));
        if let RtcMessage::Candidate {
            from,
            to,
            candidate,
        } = &message
        {
            let is_new = self.seen.insert(now, *from, *to, candidate);
            return is_new.then_some(message);
        }
        if let RtcMessage::CandidateBatch {
            from,
            to,
            candidates,
        } = &mut message
        {
            candidates.retain(|candidate| self.seen.insert(now, *from, *to, candidate));
            return (!candidates.is_empty()).then_some(message);
        }
        Some(message)
    }

    fn discover(
        &mut self,
        now: Moment,
        sender: Sender<'_>,
        room: Option<String>,
        may_use: impl Fn(&str) -> bool,
    ) -> Result<(), SignalError> {
        let room = chosen(sender.topic, room.as_deref())?;
        if let Some(room) = room {
            if !may_use(room) {
                return Err(SignalError::RoomNotPermitted);
            }
            let Sender { client, owner, .. } = sender;
            if self.rooms.enter(client, owner, room, &self.config)? {
                self.note_change(now, room);
            }
            self.end_at(sender.client, sender.until);
        }
        self.send_list(sender.client);
        Ok(())
    }

    fn leave_room(
        &mut self,
        now: Moment,
        sender: Sender<'_>,
        room: Option<String>,
    ) -> Result<(), SignalError> {
        match chosen(sender.topic, room.as_deref())? {
            None => self.leave(now, sender.client),
            Some(left) => {
                self.leave_rooms(now, sender.client, |room| room != left);
                self.end_at(sender.client, sender.until);
            }
        }
        self.send_list(sender.client);
        Ok(())
    }

    /// Records that the members of a room have changed, so that they are sent new lists.
    fn note_change(&mut self, now: Moment, room: &str) {
        if self.rooms.members(room).next().is_none() {
            self.changed.remove(room);
            return;
        }
        self.changed.insert(room.into());
        if self.lists_at.is_none() {
            self.lists_at = Some(now + self.config.list_delay);
        }
    }

    /// Sends a client the list of its peers; one that is absent, later.
    fn send_list(&mut self, client: Uuid) {
        if !self.absent.defer(client) {
            self.put_list(client);
        }
    }

    fn put_list(&mut self, client: Uuid) {
        let peers = self.rooms.peers(client);
        self.outputs.push_back(Output::Send {
            to: client,
            message: RtcMessage::PeerList { peers },
        });
    }
}

/// The room that a message names, by its topic, itself, or both.
fn chosen<'a>(
    topic: Option<&'a str>,
    room: Option<&'a str>,
) -> Result<Option<&'a str>, SignalError> {
    let is_same = topic.zip(room).is_none_or(|(topic, room)| topic == room);
    let room = topic.or(room);
    if !is_same || room.is_some_and(|room| !is_topic(room)) {
        return Err(SignalError::BadRoom);
    }
    Ok(room)
}
