//! One seeded run of two clients.

use std::time::Duration;

use push_wire_shared::rtc::RtcMessage;
use push_wire_shared::rtc::peer::{Input, Output, PeerConfig, PeerPacket};
use push_wire_shared::time::{Moment, sooner};
use push_wire_shared::transport::{TransportMode, TransportRoute};

use super::ledger::Ledger;
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
    /// Signalling messages that arrived twice, the second time out of order.
    pub repeated_signals: u64,
    /// Sessions that were replaced by new ones.
    pub restarts: u64,
    /// Notices of restarts.
    pub notices: u64,
    /// Messages that were reported after a restart, and did not arrive.
    pub reported: u64,
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
        self.repeated_signals += other.repeated_signals;
        self.restarts += other.restarts;
        self.notices += other.notices;
        self.reported += other.reported;
    }
}

/// Runs a seed. With `repeats_numbers`, new sessions have the seeds of those that they replace, which breaks the promises.
///
/// # Errors
/// The broken promise.
pub fn run_peers(seed: u64, repeats_numbers: bool) -> Result<PeerTally, PeerFailure> {
    let mut run = Run::new(seed, repeats_numbers);
    let outcome = run.play();
    outcome.map_err(|what| PeerFailure {
        seed,
        what: format!("at {:?}: {what}", run.now.since_origin()),
    })?;
    Ok(run.tally)
}

struct Run {
    rng: fastrand::Rng,
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
    /// Signalling messages may arrive again, later and out of order, which the server does not do.
    reorders_signals: bool,
    repeats_numbers: bool,
    tally: PeerTally,
}

impl Run {
    fn new(seed: u64, repeats_numbers: bool) -> Self {
        let config = PeerConfig::default();
        let reorders_signals = seed.is_multiple_of(4);
        let side = |at| {
            let ledger = Ledger::new(reorders_signals);
            Side::new(at, config, seed ^ (at as u64 + 1), ledger)
        };
        Self {
            rng: fastrand::Rng::with_seed(seed),
            now: Moment::default(),
            sides: [0, 1].map(side),
            network: Network::default(),
            connection: None,
            reachable: true,
            relay_away: false,
            server_away: false,
            held: Vec::new(),
            loss: 0,
            next_fault: Moment::default(),
            reorders_signals,
            repeats_numbers,
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
        match self.rng.u8(0..18) {
            0..=9 => {
                for _ in 0..self.rng.u8(1..40) {
                    self.sides[at].send(self.now);
                }
            }
            10 => self.connect(at),
            11 => {
                self.connect(0);
                self.connect(1);
            }
            12 => self.cut(),
            13 => self.reachable = !self.reachable,
            14 => self.relay_away = !self.relay_away,
            15 => self.set_server_away(!self.server_away),
            16 => self.loss = self.rng.u8(0..30),
            _ => self.restart(at),
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

    /// Replaces the session of a side by a new one.
    fn restart(&mut self, at: usize) {
        let other_is_told = u8::from(self.rng.bool());
        self.cut_for(other_is_told << (1 - at));
        self.network.restart(at);
        let seed = self.rng.u64(..);
        self.sides[at].restart((!self.repeats_numbers).then_some(seed));
        self.tally.restarts += 1;
        if self.rng.bool() {
            self.connect(at);
        }
    }

    /// Ends the connection: both sides are told, one of them, or none.
    fn cut(&mut self) {
        let told = self.rng.u8(0..4);
        self.tally.silent_cuts += u64::from(told == 0 && self.connection.is_some());
        self.cut_for(told);
    }

    /// Ends the connection. Side n is told if bit n is set.
    fn cut_for(&mut self, told: u8) {
        let Some(attempt) = self.connection.take() else {
            return;
        };
        self.network.cut(attempt);
        for at in [0, 1] {
            if told & (1 << at) != 0 {
                let time = self.now + self.millis(500);
                self.network.at(time, at, Event::Closed(attempt));
            }
        }
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
                    let [a, b] = &mut self.sides;
                    let (side, other) = if at == 0 { (a, b) } else { (b, a) };
                    side.check_message(&message, &mut other.ledger)?;
                    self.tally.messages += 1;
                }
                Output::Restarted { unacknowledged } => {
                    self.sides[at].check_restart(&unacknowledged)?;
                    self.tally.notices += 1;
                }
                Output::Switched(signal) => self.sides[at].check_signal(signal)?,
            }
        }
        self.sides[at].check_mode()
    }

    fn signal(&mut self, to: usize, message: RtcMessage) {
        if self.reorders_signals && self.rng.u8(0..20) == 0 {
            self.tally.repeated_signals += 1;
            let late = self.now + self.millis(20_000);
            self.network.at(late, to, Event::Signal(message.clone()));
        }
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

    fn check_end(&mut self) -> Result<(), String> {
        for side in &self.sides {
            self.tally.reported += side.ledger.reported() as u64;
            let (due, waiting) = (side.ledger.due(), side.session.unacknowledged());
            if due + waiting > 0 {
                let id = side.id;
                return Err(format!(
                    "{due} messages of {id} did not arrive, {waiting} were not acknowledged"
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
