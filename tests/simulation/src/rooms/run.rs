//! One seeded run of clients in rooms.

mod sessions;

use std::collections::HashMap;
use std::time::Duration;

use push_wire_shared::limits::{RTC_CANDIDATE_AGE, RTC_MESSAGE_BYTES};
use push_wire_shared::relay::{RelayBandwidth, RelayError, RelayLimits, RelayMeter};
use push_wire_shared::rtc::signalling::{
    Output, Sender, Signal, SignalError, Signalling, SignallingConfig,
};
use push_wire_shared::rtc::{RtcMessage, RtcRequest};
use push_wire_shared::time::Moment;
use uuid::Uuid;

use super::budget::Budget;
use super::model::{CLIENTS, Grant, Model, OWNERS, ROOMS, id, owner};

/// Operations of a run.
const OPERATIONS: usize = 300;

/// Limits that runs reach.
const LIMITS: SignallingConfig = SignallingConfig {
    room_members: 4,
    owner_members: 2,
    client_rooms: 2,
    rooms: 3,
    owner_rooms: 2,
    bandwidth: RelayBandwidth {
        bytes_per_second: 2_000,
        burst_bytes: 8_000,
    },
    list_delay: Duration::from_millis(100),
};

const RELAY: RelayLimits = RelayLimits {
    per_sender: RelayBandwidth {
        bytes_per_second: 500,
        burst_bytes: 2_000,
    },
    in_all: RelayBandwidth {
        bytes_per_second: 900,
        burst_bytes: 3_000,
    },
    packet_bytes: 1_500,
};

/// Fault of the driver, which the checks must find.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RoomsFault {
    /// No fault.
    None,
    /// Narrower grants are not passed on.
    IgnoreGrants,
    /// Ends of sessions are not passed on.
    IgnoreEnds,
    /// Returns of clients that were away are not passed on.
    IgnoreReturns,
    /// Nothing is done when it is due.
    IgnoreTimeouts,
    /// Refused packets are relayed.
    IgnoreBudgets,
}

/// A seed whose run broke a promise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoomsFailure {
    /// The seed.
    pub seed: u64,
    /// The broken promise.
    pub what: String,
}

/// Events of runs, so that a test can tell that they occur.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RoomsTally {
    /// Rooms entered.
    pub entered: u64,
    /// Rooms not entered because of grants or limits.
    pub refused_rooms: u64,
    /// Messages that were passed on.
    pub passed: u64,
    /// Messages that were refused because no room is shared.
    pub refused: u64,
    /// Candidates that were dropped as repeated.
    pub repeated: u64,
    /// Messages above the rate of their sender.
    pub limited: u64,
    /// Grants that ended while their client was in rooms.
    pub expired: u64,
    /// Lists of peers that were checked at rest.
    pub lists: u64,
    /// Returns of clients that were away.
    pub returns: u64,
    /// Packets that were relayed.
    pub relayed: u64,
    /// Packets that were refused by a budget.
    pub slowed: u64,
}

impl RoomsTally {
    /// Adds the events of another run.
    pub const fn add(&mut self, other: &Self) {
        self.entered += other.entered;
        self.refused_rooms += other.refused_rooms;
        self.passed += other.passed;
        self.refused += other.refused;
        self.repeated += other.repeated;
        self.limited += other.limited;
        self.expired += other.expired;
        self.lists += other.lists;
        self.returns += other.returns;
        self.relayed += other.relayed;
        self.slowed += other.slowed;
    }
}

/// Runs a seed.
///
/// # Errors
/// The broken promise.
pub fn run_rooms(seed: u64, fault: RoomsFault) -> Result<RoomsTally, RoomsFailure> {
    let mut run = Run::new(seed, fault);
    let outcome = run.play();
    outcome.map_err(|what| RoomsFailure {
        seed,
        what: format!("at {:?}: {what}", run.now.since_origin()),
    })?;
    Ok(run.tally)
}

struct Run {
    rng: fastrand::Rng,
    fault: RoomsFault,
    now: Moment,
    signalling: Signalling,
    meter: RelayMeter,
    model: Model,
    /// Last list of each client since its session began.
    lists: [Option<Vec<Uuid>>; CLIENTS],
    /// Clients without a connection.
    away: [bool; CLIENTS],
    /// Candidates that were passed on, with the time.
    candidates: HashMap<(usize, usize, String), Moment>,
    signals: [Budget; CLIENTS],
    packets: [Budget; CLIENTS],
    all_packets: Budget,
    messages: u64,
    tally: RoomsTally,
}

impl Run {
    fn new(seed: u64, fault: RoomsFault) -> Self {
        Self {
            rng: fastrand::Rng::with_seed(seed),
            fault,
            now: Moment::after_origin(Duration::from_secs(1)),
            signalling: Signalling::new(LIMITS),
            meter: RelayMeter::new(RELAY),
            model: Model::default(),
            lists: Default::default(),
            away: Default::default(),
            candidates: HashMap::new(),
            signals: [(); CLIENTS].map(|()| Budget::new(LIMITS.bandwidth)),
            packets: [(); CLIENTS].map(|()| Budget::new(RELAY.per_sender)),
            all_packets: Budget::new(RELAY.in_all),
            messages: 0,
            tally: RoomsTally::default(),
        }
    }

    fn play(&mut self) -> Result<(), String> {
        for client in 0..CLIENTS {
            self.grant(client)?;
        }
        for _ in 0..OPERATIONS {
            let wait = match self.rng.u8(0..16) {
                0..10 => 0,
                10..15 => self.rng.u64(0..300),
                _ => self.rng.u64(0..5_000),
            };
            self.pass(Duration::from_millis(wait))?;
            self.operate()?;
            if self.rng.u8(0..10) == 0 {
                self.rest()?;
            }
        }
        self.rest()
    }

    fn operate(&mut self) -> Result<(), String> {
        let client = self.rng.usize(0..CLIENTS);
        let operation = self.rng.u8(0..64);
        // A client that is away sends nothing.
        match operation {
            0..58 if self.away[client] => self.grant(client),
            0..24 => self.enter(client),
            24..27 => self.leave(client),
            27..44 => self.signal(client),
            44..58 => self.relay(client),
            58..60 => self.grant(client),
            60 => self.lose(client),
            61 => self.withdraw(client),
            _ => self.end(client),
        }
    }

    /// Lets time pass, and does what is due in it.
    fn pass(&mut self, time: Duration) -> Result<(), String> {
        let end = self.now + time;
        while let Some(due) = self.signalling.poll_timeout().filter(|due| *due <= end) {
            if self.fault == RoomsFault::IgnoreTimeouts {
                break;
            }
            if due < self.now {
                return Err(format!("{due:?} is due again"));
            }
            self.now = due;
            self.signalling.handle_timeout(due);
            self.drain()?;
        }
        self.now = end;
        self.model.expire(end);
        Ok(())
    }

    /// Waits until all lists are sent, and checks them.
    fn rest(&mut self) -> Result<(), String> {
        // Each end of a grant causes new lists.
        for _ in 0..=CLIENTS {
            let soon = self.now + LIMITS.list_delay;
            if self.signalling.poll_timeout().is_none_or(|due| due > soon) {
                break;
            }
            self.pass(LIMITS.list_delay)?;
        }
        for client in 0..CLIENTS {
            let Some(list) = self.lists[client].as_ref().filter(|_| !self.away[client]) else {
                continue;
            };
            let peers = self.model.peers(client);
            if *list != peers {
                return Err(format!(
                    "{client} has {list:?}, and its peers are {peers:?}"
                ));
            }
            self.tally.lists += 1;
        }
        Ok(())
    }

    /// Takes the outputs, of which all are lists.
    fn drain(&mut self) -> Result<(), String> {
        match self.outputs()?.first() {
            Some(message) => Err(format!("{message:?} was not sent")),
            None => Ok(()),
        }
    }

    /// Takes the outputs: keeps the lists, and returns the messages.
    fn outputs(&mut self) -> Result<Vec<(usize, RtcMessage)>, String> {
        let (mut messages, mut listed) = (Vec::new(), Vec::new());
        while let Some(output) = self.signalling.poll_output() {
            let Output::Send { to, message } = output else {
                return Err(format!("{output:?} without a request"));
            };
            let client = (0..CLIENTS).find(|&client| id(client) == to);
            let client = client.ok_or_else(|| format!("{message:?} for {to}, who is nobody"))?;
            if !self.model.has_session(client) {
                return Err(format!("{message:?} for {client}, whose session has ended"));
            }
            if let RtcMessage::PeerList { peers } = message {
                listed.push(client);
                self.lists[client] = Some(peers);
            } else {
                messages.push((client, message));
            }
        }
        // Before a message a client that is away needs the list that the message's sender is in.
        let is_needless = |client: &&usize| {
            let mut receivers = messages.iter().map(|(to, _)| to);
            self.away[**client] && !receivers.any(|to| to == *client)
        };
        match listed.iter().find(is_needless) {
            Some(client) => Err(format!("{client} is away, and was sent a list")),
            None => Ok(messages),
        }
    }

    /// Takes a message from the rate of its sender. Returns whether it is within.
    fn charge(&mut self, client: usize) -> Result<bool, String> {
        let bytes = self.rng.usize(0..500);
        match self.signalling.charge(self.now, id(client), bytes) {
            Ok(()) => {
                let taken = bytes as u64 + RTC_MESSAGE_BYTES;
                self.signals[client].take(self.now, taken)?;
                Ok(true)
            }
            Err(_) => {
                self.tally.limited += 1;
                Ok(false)
            }
        }
    }

    fn handle(
        &mut self,
        client: usize,
        topic: Option<usize>,
        signal: Signal,
    ) -> Result<(), SignalError> {
        let grant = self.model.grant(self.now, client);
        let topic = topic.map(name);
        let sender = Sender::new(id(client))
            .in_room(topic)
            .of_owner(Some(OWNERS[owner(client)]))
            .until(grant.and_then(|grant| grant.until));
        self.signalling
            .handle(self.now, sender, signal, may_use(grant))
    }

    fn enter(&mut self, client: usize) -> Result<(), String> {
        // A client whose grant has ended has no connection.
        if self.model.grant(self.now, client).is_none() || !self.charge(client)? {
            return Ok(());
        }
        let room = self.rng.usize(0..ROOMS);
        let is_topic = self.rng.bool();
        let signal = Signal::Message(RtcMessage::PeerDiscovery {
            room: (!is_topic).then(|| name(room).to_owned()),
        });
        let entered = self.handle(client, is_topic.then_some(room), signal);
        let expected = self.model.enter(self.now, client, room, &LIMITS);
        if entered.is_ok() != expected {
            return Err(format!("{client} enters {room}: {entered:?}"));
        }
        self.tally.entered += u64::from(expected);
        self.tally.refused_rooms += u64::from(!expected);
        self.drain()
    }

    fn leave(&mut self, client: usize) -> Result<(), String> {
        if self.model.grant(self.now, client).is_none() || !self.charge(client)? {
            return Ok(());
        }
        let room = self.rng.bool().then(|| self.rng.usize(0..ROOMS));
        let signal = Signal::Request(RtcRequest::LeaveRoom {
            room: room.map(|room| name(room).to_owned()),
        });
        let left = self.handle(client, None, signal);
        left.map_err(|error| format!("{client} leaves {room:?}: {error}"))?;
        self.model.leave(client, room);
        self.drain()
    }

    /// Sends an offer or a candidate, also when the client may not.
    fn signal(&mut self, from: usize) -> Result<(), String> {
        if !self.charge(from)? {
            return Ok(());
        }
        let to = self.rng.usize(0..CLIENTS);
        let topic = (self.rng.u8(0..4) == 0).then(|| self.rng.usize(0..ROOMS));
        let message = self.message(to);
        let expected = message.clone().with_sender(id(from));
        let sent = self.handle(from, topic, Signal::Message(message));
        let outputs = self.outputs()?;
        if !self.model.may_send(self.now, (from, to), topic) {
            self.tally.refused += 1;
            return match sent {
                Err(SignalError::PeerNotPermitted) if outputs.is_empty() => Ok(()),
                sent => Err(format!(
                    "{from} to {to} in {topic:?}: {sent:?}, {outputs:?}"
                )),
            };
        }
        let is_new = if let RtcMessage::Candidate { candidate, .. } = &expected {
            self.is_new_candidate((from, to, candidate.clone()))
        } else {
            true
        };
        let passed: &[_] = if is_new {
            &[(to, expected.clone())]
        } else {
            &[]
        };
        if sent.is_err() || outputs != *passed {
            return Err(format!("{expected:?} to {to}: {sent:?}, {outputs:?}"));
        }
        self.tally.passed += u64::from(is_new);
        self.tally.repeated += u64::from(!is_new);
        // The inbox may be full.
        if is_new && self.rng.u8(0..10) == 0 {
            self.signalling.handle_unsent(&expected);
            if let RtcMessage::Candidate { candidate, .. } = expected {
                self.candidates.remove(&(from, to, candidate));
            }
        }
        Ok(())
    }

    fn is_new_candidate(&mut self, candidate: (usize, usize, String)) -> bool {
        let passed = self.candidates.get(&candidate);
        let is_new = passed.is_none_or(|&at| self.now.since(at) > RTC_CANDIDATE_AGE);
        if is_new {
            self.candidates.insert(candidate, self.now);
        }
        is_new
    }

    /// A message with a false sender.
    fn message(&mut self, to: usize) -> RtcMessage {
        let from = id(self.rng.usize(0..CLIENTS));
        let to = id(to);
        self.messages += 1;
        if self.rng.bool() {
            let candidate = format!("host {}", self.rng.u8(0..3));
            return RtcMessage::Candidate {
                from,
                to,
                candidate,
            };
        }
        RtcMessage::Offer {
            from,
            to,
            sdp: format!("offer {}", self.messages),
            meta: ().into(),
        }
    }

    fn relay(&mut self, from: usize) -> Result<(), String> {
        let to = self.rng.usize(0..CLIENTS);
        let topic = (self.rng.u8(0..4) == 0).then(|| self.rng.usize(0..ROOMS));
        let sender = Sender::new(id(from)).in_room(topic.map(name));
        let may_use = may_use(self.model.grant(self.now, from));
        let is_permitted = self.signalling.is_permitted(sender, id(to), may_use);
        if is_permitted != self.model.may_send(self.now, (from, to), topic) {
            return Err(format!(
                "a packet of {from} to {to} in {topic:?}: {is_permitted}"
            ));
        }
        if !is_permitted {
            return Ok(());
        }
        for _ in 0..self.rng.u8(1..8) {
            self.relay_packet(from)?;
        }
        Ok(())
    }

    fn relay_packet(&mut self, from: usize) -> Result<(), String> {
        let bytes = self.rng.u64(0..1_600);
        match self.meter.charge(self.now, id(from), bytes) {
            Ok(charge) if self.rng.u8(0..8) == 0 => self.meter.refund(charge),
            Ok(charge) => {
                self.meter.sent(charge);
                self.relayed(from, bytes)?;
            }
            Err(RelayError::TooLarge { .. }) => {}
            Err(RelayError::RateLimited { .. }) => {
                self.tally.slowed += 1;
                if self.fault == RoomsFault::IgnoreBudgets {
                    self.relayed(from, bytes)?;
                }
            }
        }
        Ok(())
    }

    fn relayed(&mut self, from: usize, bytes: u64) -> Result<(), String> {
        self.tally.relayed += 1;
        self.packets[from].take(self.now, bytes)?;
        self.all_packets.take(self.now, bytes)
    }
}

fn may_use(grant: Option<Grant>) -> impl Fn(&str) -> bool {
    move |room| {
        let room = (0..ROOMS).find(|&at| name(at) == room);
        grant
            .zip(room)
            .is_some_and(|(grant, room)| grant.allows(room))
    }
}

const fn name(room: usize) -> &'static str {
    ["lobby", "room-1", "room-2", "room-3"][room]
}
