//! Random sequences of operations, checked against a plain record of everything that happened.

use std::collections::BTreeMap;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Copy, Debug)]
enum Step {
    Begin {
        peer: u8,
        channel: u8,
        cursor: Option<u64>,
    },
    FailOver(usize),
    Sent(usize),
    Cancel(usize),
    Switch {
        peer: u8,
        mode: TransportMode,
        reason: ModeSwitchReason,
    },
    Retry(u8),
    Forget(u8),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let peer = || 0..3_u8;
    let mode = prop_oneof![
        1 => Just(TransportMode::Direct),
        4 => Just(TransportMode::P2p),
        2 => Just(TransportMode::Relay),
    ];
    let reason = prop_oneof![
        Just(ModeSwitchReason::Requested),
        Just(ModeSwitchReason::PathDegraded),
        Just(ModeSwitchReason::OperatorOverride),
    ];
    let cursor = proptest::option::of(0..8_u64);
    prop_oneof![
        8 => (peer(), 0..2_u8, cursor)
            .prop_map(|(peer, channel, cursor)| Step::Begin { peer, channel, cursor }),
        5 => any::<usize>().prop_map(Step::FailOver),
        6 => any::<usize>().prop_map(Step::Sent),
        2 => any::<usize>().prop_map(Step::Cancel),
        2 => (peer(), mode, reason)
            .prop_map(|(peer, mode, reason)| Step::Switch { peer, mode, reason }),
        2 => peer().prop_map(Step::Retry),
        1 => peer().prop_map(Step::Forget),
        2 => (0..12_u64).prop_map(Step::Wait),
    ]
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    UnderWay,
    Sent,
    Cancelled,
}

/// Everything that happened to one peer since it was last forgotten.
#[derive(Default)]
struct History {
    /// Distinguishes it from the histories of forgotten peers.
    life: u64,
    mode: TransportMode,
    switches: u64,
    /// Time from which on the relay may be left, if it replaced the path between the peers.
    retry_at: Option<u64>,
    /// Successes and failures of the path between the peers since the last change of mode.
    p2p: Vec<bool>,
    /// Channel, cursor and fate of each packet with a cursor.
    packets: Vec<(u8, u64, Fate)>,
}

impl History {
    fn is_duplicate(&self, channel: u8, cursor: u64) -> bool {
        let mut packets = self.packets.iter();
        packets.any(|&(other, newer, fate)| {
            other == channel && newer >= cursor && fate != Fate::Cancelled
        })
    }

    fn failures(&self) -> usize {
        self.p2p
            .iter()
            .rev()
            .take_while(|&&success| !success)
            .count()
    }

    fn switch(&mut self, mode: TransportMode, retry_at: Option<u64>) {
        self.mode = mode;
        self.switches += 1;
        self.retry_at = retry_at;
        self.p2p.clear();
    }
}

/// A dispatch under way, with the state of its history at its beginning.
struct Begun {
    dispatch: Dispatch,
    peer: u8,
    life: u64,
    switches: u64,
    mode: TransportMode,
    failed_over: bool,
    packet: Option<usize>,
}

#[derive(Default)]
struct World {
    paths: Paths,
    now: u64,
    lives: u64,
    histories: BTreeMap<u8, History>,
    begun: Vec<Begun>,
    /// Greatest generation that was signalled to each peer, ever.
    signalled: BTreeMap<u8, u64>,
}

const THRESHOLD: usize = POLICY.failure_threshold as usize;
const BACKOFF: u64 = POLICY.retry_backoff.as_secs();

fn id(n: u8) -> Uuid {
    peer(n.into())
}

impl World {
    fn new() -> Self {
        Self {
            paths: Paths::new(POLICY),
            ..Self::default()
        }
    }

    fn history(&mut self, peer: u8) -> &mut History {
        let life = self.lives;
        self.histories.entry(peer).or_insert_with(|| History {
            life,
            ..History::default()
        })
    }

    /// The history that a dispatch belongs to, unless its peer was forgotten.
    fn history_of(&mut self, begun: &Begun) -> Option<&mut History> {
        let history = self.histories.get_mut(&begun.peer)?;
        (history.life == begun.life).then_some(history)
    }

    fn check_signal(&mut self, peer: u8, signal: ModeSwitchSignal, previous: TransportMode) {
        assert_eq!(signal.peer_id, id(peer));
        assert_eq!(
            (signal.previous_mode, signal.mode),
            (previous, self.histories[&peer].mode)
        );
        let last = self.signalled.insert(peer, signal.generation);
        assert!(last < Some(signal.generation), "{signal:?} after {last:?}");
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Begin {
                peer,
                channel,
                cursor,
            } => self.begin(peer, channel, cursor),
            Step::FailOver(at) => self.fail_over(at),
            Step::Sent(at) => self.sent(at),
            Step::Cancel(at) => self.cancel(at),
            Step::Switch { peer, mode, reason } => self.switch(peer, mode, reason),
            Step::Retry(peer) => self.retry(peer),
            Step::Forget(peer) => {
                self.lives += 1;
                self.histories.remove(&peer);
                self.paths.forget(id(peer));
            }
            Step::Wait(seconds) => self.now += seconds,
        }
        for peer in 0..3 {
            let mode = self
                .histories
                .get(&peer)
                .map_or(TransportMode::Direct, |known| known.mode);
            assert_eq!(self.paths.mode(id(peer)), mode);
        }
    }

    fn begin(&mut self, peer: u8, channel: u8, cursor: Option<u64>) {
        let dispatch = self
            .paths
            .begin(id(peer), &packet(["a", "b"][usize::from(channel)], cursor));
        let history = self.history(peer);
        let is_duplicate = cursor.is_some_and(|cursor| history.is_duplicate(channel, cursor));
        assert_eq!(dispatch.is_none(), is_duplicate);
        let Some(dispatch) = dispatch else { return };
        assert_eq!(dispatch.route(), history.mode.into());
        let packet = cursor.map(|cursor| {
            history.packets.push((channel, cursor, Fate::UnderWay));
            history.packets.len() - 1
        });
        let begun = Begun {
            dispatch,
            peer,
            life: history.life,
            switches: history.switches,
            mode: history.mode,
            failed_over: false,
            packet,
        };
        self.begun.push(begun);
    }

    fn take(&mut self, at: usize) -> Option<Begun> {
        let count = self.begun.len();
        (count > 0).then(|| self.begun.remove(at % count))
    }

    fn fail_over(&mut self, at: usize) {
        let Some(mut begun) = self.take(at) else {
            return;
        };
        self.paths.fail_over(&mut begun.dispatch);
        if begun.mode == TransportMode::P2p && !begun.failed_over {
            begun.failed_over = true;
            let (switches, history) = (begun.switches, self.history_of(&begun));
            if let Some(history) = history.filter(|history| history.switches == switches) {
                history.p2p.push(false);
            }
            assert_eq!(begun.dispatch.route(), TransportRoute::Relay);
        }
        self.begun.push(begun);
    }

    fn sent(&mut self, at: usize) {
        let now = self.now;
        let Some(begun) = self.take(at) else { return };
        let (peer, mut switches_now) = (begun.peer, false);
        if let Some(history) = self.history_of(&begun) {
            if let Some(packet) = begun.packet {
                history.packets[packet].2 = Fate::Sent;
            }
            if begun.mode == TransportMode::P2p && history.switches == begun.switches {
                if !begun.failed_over {
                    history.p2p.push(true);
                } else if history.failures() >= THRESHOLD {
                    history.switch(TransportMode::Relay, Some(now + BACKOFF));
                    switches_now = true;
                }
            }
        }
        let outcome = self.paths.sent(super::at(now), begun.dispatch);
        assert!(outcome.delivered);
        assert_eq!(outcome.active_mode, self.paths.mode(id(peer)));
        assert_eq!(outcome.switch.is_some(), switches_now);
        if let Some(signal) = outcome.switch {
            assert_eq!(signal.reason, ModeSwitchReason::PathDegraded);
            self.check_signal(peer, signal, TransportMode::P2p);
        }
    }

    fn cancel(&mut self, at: usize) {
        let Some(begun) = self.take(at) else { return };
        if let Some(packet) = begun.packet
            && let Some(history) = self.history_of(&begun)
        {
            history.packets[packet].2 = Fate::Cancelled;
        }
        self.paths.cancel(begun.dispatch);
    }

    fn switch(&mut self, peer: u8, mode: TransportMode, reason: ModeSwitchReason) {
        let now = self.now;
        let signal = self.paths.switch(at(now), id(peer), mode, reason);
        let is_degraded = reason == ModeSwitchReason::PathDegraded;
        let history = self.history(peer);
        let previous = history.mode;
        assert_eq!(signal.is_some(), previous != mode);
        let Some(signal) = signal else {
            history.retry_at = history.retry_at.filter(|_| is_degraded);
            return;
        };
        let failover = (previous, mode) == (TransportMode::P2p, TransportMode::Relay);
        let retry_at = (failover && is_degraded).then_some(now + BACKOFF);
        history.switch(mode, retry_at);
        assert_eq!(signal.reason, reason);
        self.check_signal(peer, signal, previous);
    }

    fn retry(&mut self, peer: u8) {
        let now = self.now;
        let signal = self.paths.retry(at(now), id(peer));
        let retry_at = self
            .histories
            .get(&peer)
            .and_then(|history| history.retry_at);
        assert_eq!(signal.is_some(), retry_at.is_some_and(|at| at <= now));
        if let Some(signal) = signal {
            self.history(peer).switch(TransportMode::P2p, None);
            assert_eq!(signal.reason, ModeSwitchReason::PathRecovered);
            self.check_signal(peer, signal, TransportMode::Relay);
        }
    }
}

proptest! {
    #[test]
    fn agrees_with_plain_history(steps in prop::collection::vec(step(), 0..120)) {
        let mut world = World::new();
        for step in steps {
            world.step(step);
        }
    }
}
