//! One seeded run of two clients.

use std::time::Duration;

use push_wire_shared::rtc::RtcMessage;
use push_wire_shared::rtc::peer::{Input, Output, PeerConfig, PeerPacket};
use push_wire_shared::time::{Moment, sooner};
use push_wire_shared::transport::{TransportMode, TransportRoute};

use super::network::{Event, Network};
use super::side::Side;

/// Time with faults.
const FAULTS: Duration = Duration::from_secs(120);

/// Time without faults, within which everything arrives and the clients connect: some attempts and their waits.
const RECOVERY: Duration = Duration::from_secs(120);

/// A seed whose run broke a promise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PeerFailure {
    /// The seed.
    pub seed: u64,
    /// The broken promise.
    pub what: String,
}

/// Events of runs, so that a test can tell that they occur.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PeerTally {
    /// Messages that arrived.
    pub messages: u64,
    /// Connections that both sides have opened.
    pub connections: u64,
    /// Offers that crossed.
    pub glares: u64,
    /// Connections that ended without notice.
    pub silent_cuts: u64,
    /// Packets and signalling messages that were lost.
    pub lost: u64,
    /// Packets that arrived twice.
    pub repeated: u64,
}

impl PeerTally {
    /// Adds the events of another run.
    pub const fn add(&mut self, other: &Self) {
        self.messages += other.messages;
        self.connections += other.connections;
        self.glares += other.glares;
        self.silent_cuts += other.silent_cuts;
        self.lost += other.lost;
        self.repeated += other.repeated;
    }
}

/// Runs a seed. With `loses_session` one side forgets its session in the middle, which breaks the promises.
///
/// # Errors
/// The broken promise.
pub fn run_peers(seed: u64, loses_session: bool) -> Result<PeerTally, PeerFailure> {
    let mut run = Run::new(seed, loses_session);
    let outcome = run.play();
    outcome.map_err(|what| PeerFailure {
        seed,
        what: format!("at {:?}: {what}", run.now.since_origin()),
    })?;
    Ok(run.tally)
}

struct Run {
    rng: fastrand::Rng,
    config: PeerConfig,
    now: Moment,
    sides: [Side; 2],
    network: Network,
    /// Attempt whose connection carries packets.
    connection: Option<u64>,
    /// Both sides' networks let connections through.
    reachable: bool,
    relay_away: bool,
    server_away: bool,
    /// Signalling messages that the server holds.
    held: Vec<(usize, RtcMessage)>,
    /// Percent of packets that are lost.
    loss: u8,
    next_fault: Moment,
    loses_session: bool,
    tally: PeerTally,
}

impl Run {
    fn new(seed: u64, loses_session: bool) -> Self {
        let config = PeerConfig::default();
        Self {
            rng: fastrand::Rng::with_seed(seed),
            config,
            now: Moment::default(),
            sides: [0, 1].map(|at| Side::new(at, config, seed ^ (at as u64 + 1))),
            network: Network::default(),
            connection: None,
            reachable: true,
            relay_away: false,
            server_away: false,
            held: Vec::new(),
            loss: 0,
            next_fault: Moment::default(),
            loses_session,
            tally: PeerTally::default(),
        }
    }

    fn play(&mut self) -> Result<(), String> {
        let healed_at = Moment::after_origin(FAULTS);
        let end = healed_at + RECOVERY;
        let mut is_healed = false;
        while self.now < end {
            let due = self.next_time();
            if due > end {
                break;
            }
            self.now = due;
            if self.now < healed_at {
                if self.now >= self.next_fault {
                    self.disturb();
                }
            } else if !is_healed {
                is_healed = true;
                self.heal();
            }
            self.deliver();
            for at in [0, 1] {
                if self.sides[at]
                    .session
                    .poll_timeout()
                    .is_some_and(|time| time <= self.now)
                {
                    self.sides[at].session.handle_timeout(self.now);
                }
                self.drain(at)?;
            }
        }
        self.check_end()
    }

    fn next_time(&self) -> Moment {
        let [a, b] = [0, 1].map(|at| self.sides[at].session.poll_timeout());
        let next = sooner(sooner(a, b), self.network.next_time());
        let next = sooner(next, Some(self.next_fault)).unwrap_or(self.next_fault);
        next.max(self.now)
    }

    /// Does one thing that a network or an application does.
    fn disturb(&mut self) {
        let at = self.rng.usize(0..2);
        match self.rng.u8(0..14) {
            0..=5 => {
                for _ in 0..self.rng.u8(1..40) {
                    self.sides[at].send(self.now);
                }
            }
            6 => self.connect(at),
            7 => {
                self.connect(0);
                self.connect(1);
            }
            8 => self.cut(),
            9 => self.reachable = !self.reachable,
            10 => self.relay_away = !self.relay_away,
            11 => self.set_server_away(!self.server_away),
            12 => self.loss = self.rng.u8(0..30),
            _ => {
                if self.loses_session && self.sides[at].sent > 0 {
                    let other = self.sides[1 - at].id;
                    self.sides[at].lose_session(other, self.config, 1);
                }
            }
        }
        self.next_fault = self.now + self.millis(3_000);
    }

    fn heal(&mut self) {
        self.reachable = true;
        self.relay_away = false;
        self.loss = 0;
        self.set_server_away(false);
        self.next_fault = Moment::after_origin(Duration::MAX);
        for at in [0, 1] {
            self.connect(at);
            self.sides[at].send(self.now);
        }
    }

    fn connect(&mut self, at: usize) {
        self.sides[at]
            .session
            .handle_input(self.now, Input::Connect);
    }

    /// Ends the connection: both sides are told, one of them, or none.
    fn cut(&mut self) {
        let Some(attempt) = self.connection.take() else {
            return;
        };
        self.network.cut(attempt);
        let told = self.rng.u8(0..4);
        for at in [0, 1] {
            if told & (1 << at) != 0 {
                let time = self.now + self.millis(500);
                self.network.at(time, at, Event::Closed(attempt));
            }
        }
        self.tally.silent_cuts += u64::from(told == 0);
    }

    fn set_server_away(&mut self, away: bool) {
        self.server_away = away;
        if !away {
            for (to, message) in std::mem::take(&mut self.held) {
                let delay = self.millis(200);
                self.network
                    .in_order("signal", (self.now, delay), to, Event::Signal(message));
            }
        }
    }

    fn deliver(&mut self) {
        while self
            .network
            .next_time()
            .is_some_and(|time| time <= self.now)
        {
            let Some((at, event)) = self.network.pop() else {
                return;
            };
            let input = match event {
                Event::Signal(message) => Input::Signal(message),
                Event::Described(attempt) => Input::Described {
                    attempt,
                    sdp: format!("of {at}"),
                },
                Event::Candidate(attempt) => Input::Candidate {
                    attempt,
                    candidate: format!("address of {at}"),
                },
                Event::Packet(attempt, packet) => Input::Packet(Event::route(attempt), packet),
                Event::Opened(attempt) => Input::Opened(attempt),
                Event::Closed(attempt) => Input::Closed(attempt),
            };
            self.sides[at].session.handle_input(self.now, input);
        }
    }

    fn drain(&mut self, at: usize) -> Result<(), String> {
        let mut is_abandoned = false;
        while let Some(output) = self.sides[at].session.poll_output() {
            match output {
                Output::Signal(message) => self.signal(1 - at, message),
                Output::MakeOffer { attempt } => {
                    self.sides[at].known = None;
                    self.prepare(at, attempt);
                }
                Output::MakeAnswer { attempt, .. } => {
                    self.tally.glares += u64::from(is_abandoned && self.sides[at].known.is_none());
                    self.sides[at].known = Some(attempt);
                    self.sides[at].has_address = false;
                    self.prepare(at, attempt);
                }
                Output::Accept { attempt, .. } => {
                    self.sides[at].known = Some(attempt);
                    self.sides[at].has_address = false;
                }
                Output::AddCandidate { attempt, .. } => self.try_address(at, attempt),
                Output::Abandon { attempt } => {
                    is_abandoned = true;
                    self.abandon(at, attempt);
                }
                Output::Send(route, packet) => self.send(at, route, packet),
                Output::Message(message) => {
                    let sent = self.sides[1 - at].sent;
                    self.sides[at].check_message(&message, sent)?;
                    self.tally.messages += 1;
                }
                Output::Switched(signal) => self.sides[at].check_signal(signal)?,
            }
        }
        Ok(())
    }

    fn signal(&mut self, to: usize, message: RtcMessage) {
        if self.rng.u8(0..100) < self.loss / 4 {
            self.tally.lost += 1;
        } else if self.server_away {
            self.held.push((to, message));
        } else {
            let delay = self.millis(200);
            self.network
                .in_order("signal", (self.now, delay), to, Event::Signal(message));
        }
    }

    fn prepare(&mut self, at: usize, attempt: u64) {
        let described = self.now + self.millis(50);
        self.network.at(described, at, Event::Described(attempt));
        for _ in 0..self.rng.u8(1..4) {
            let found = described + self.millis(300);
            self.network.at(found, at, Event::Candidate(attempt));
        }
    }

    /// Opens the connection when both sides know the descriptions, and one an address of the other.
    fn try_address(&mut self, at: usize, attempt: u64) {
        self.sides[at].has_address = true;
        let are_ready = self.sides.iter().all(|side| side.known == Some(attempt));
        if !are_ready || self.connection == Some(attempt) {
            return;
        }
        if !self.reachable {
            let time = self.now + self.millis(5_000);
            let side = self.rng.usize(0..2);
            self.network.at(time, side, Event::Closed(attempt));
            return;
        }
        self.connection = Some(attempt);
        self.tally.connections += 1;
        for side in [0, 1] {
            let time = self.now + self.millis(300);
            self.network.at(time, side, Event::Opened(attempt));
        }
    }

    fn abandon(&mut self, at: usize, attempt: u64) {
        if self.connection == Some(attempt) {
            self.connection = None;
            self.network.cut(attempt);
            if self.rng.bool() {
                let time = self.now + self.millis(300);
                self.network.at(time, 1 - at, Event::Closed(attempt));
            }
        }
    }

    fn send(&mut self, at: usize, route: TransportRoute, packet: PeerPacket) {
        let attempt = match route {
            TransportRoute::P2p if self.connection == self.sides[at].known => self.connection,
            TransportRoute::Relay if !self.relay_away => None,
            TransportRoute::Direct | TransportRoute::P2p | TransportRoute::Relay => {
                self.tally.lost += 1;
                return;
            }
        };
        if self.rng.u8(0..100) < self.loss || (route == TransportRoute::P2p && attempt.is_none()) {
            self.tally.lost += 1;
            return;
        }
        let path = if attempt.is_some() { "p2p" } else { "relay" };
        if self.loss > 0 && self.rng.u8(0..50) == 0 {
            self.tally.repeated += 1;
            let late = self.now + self.millis(2_000);
            self.network
                .at(late, 1 - at, Event::Packet(attempt, packet.clone()));
        }
        let delay = self.millis(if attempt.is_some() { 40 } else { 150 });
        let event = Event::Packet(attempt, packet);
        self.network
            .in_order(path, (self.now, delay), 1 - at, event);
    }

    fn check_end(&self) -> Result<(), String> {
        for at in [0, 1] {
            let (side, other) = (&self.sides[at], &self.sides[1 - at]);
            if other.received != side.sent || side.session.unacknowledged() > 0 {
                let (sent, received) = (side.sent, other.received);
                return Err(format!(
                    "{received} of {sent} messages of {} arrived",
                    side.id
                ));
            }
            if side.session.mode() != TransportMode::P2p {
                return Err(format!("{} is not connected", side.id));
            }
        }
        Ok(())
    }

    fn millis(&mut self, most: u64) -> Duration {
        Duration::from_millis(self.rng.u64(1..=most))
    }
}
