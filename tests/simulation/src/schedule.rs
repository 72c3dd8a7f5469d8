//! Schedule of a run, as data drawn from a seed: it can be printed, shortened and kept as a named test.

use std::fmt;
use std::time::Duration;

use fastrand::Rng;

use super::dictionary::DICTIONARIES;
use super::excess::ExceededRate;
use super::feed::Feed;
use super::operation::{NotifiedSides, Operation, RevokedSubject, TokenFailure};
use super::raw_client::{RawOperation, SOURCES};

/// Number that those operations are drawn from which take as long as the rest of a run (2,400): a few of them come in that
/// many.
const LONG_OPERATIONS: u16 = 2_400;

/// Schedule of a run: number of pages, and timed operations.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Schedule {
    /// Seed that it was drawn from. The world's other random choices come from it too.
    pub seed: u64,
    /// Pages.
    pub pages: usize,
    /// Operations, each with the time since the previous one.
    pub operations: Vec<(Duration, Operation)>,
}

impl Schedule {
    /// Draws the schedule of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let pages = rng.usize(1..=3);
        let count = rng.usize(20..=60);
        let mut operations = Vec::new();
        for page in 0..pages {
            let mut feeds = Feed::ALL.to_vec();
            rng.shuffle(&mut feeds);
            let reads = feeds.into_iter().take(rng.usize(1..=Feed::ALL.len()));
            operations.extend(reads.map(|feed| {
                let newest = false;
                (
                    Duration::ZERO,
                    Operation::ToggleSubscription { page, feed, newest },
                )
            }));
        }
        operations.extend((0..count).map(|_| (wait(&mut rng), operation(&mut rng, pages))));
        Self {
            seed,
            pages,
            operations,
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}, {} pages", self.seed, self.pages)?;
        let mut at = Duration::ZERO;
        for (wait, operation) in &self.operations {
            at += *wait;
            writeln!(f, "  {:>9.3} s  {operation:?}", at.as_secs_f64())?;
        }
        Ok(())
    }
}

/// Time since the previous operation: mostly less than a round trip, sometimes enough for heartbeats and the end of a
/// session.
fn wait(rng: &mut Rng) -> Duration {
    let ms = match rng.u8(0..20) {
        0..4 => 0,
        4..12 => rng.u64(0..100),
        12..17 => rng.u64(0..2_000),
        17..19 => rng.u64(0..30_000),
        _ => rng.u64(0..200_000),
    };
    Duration::from_millis(ms)
}

fn operation(rng: &mut Rng, pages: usize) -> Operation {
    let page = rng.usize(0..pages);
    match rng.u16(0..LONG_OPERATIONS) {
        0..3 => return Operation::Saturate { page },
        3..6 => return exceed(rng),
        _ => {}
    }
    match rng.u8(0..127) {
        0..44 => publish(rng, page),
        44..54 => Operation::Send {
            page,
            count: rng.u8(1..6),
        },
        54..60 => Operation::ToggleSubscription {
            page,
            feed: feed(rng),
            newest: rng.u8(0..4) == 0,
        },
        60..70 => Operation::Cut {
            page,
            noticed: noticed(rng),
        },
        70..74 => Operation::HalfOpen {
            page,
            up: rng.bool(),
        },
        74..79 => Operation::ChangeNetwork {
            page,
            latency_ms: rng.u16(0..600),
            bytes_per_second: [2_000, 20_000, 10_000_000][rng.usize(0..3)],
        },
        79..83 => Operation::Offline {
            page,
            ms: rng.u32(0..40_000),
            silent: rng.bool(),
        },
        83 => Operation::Restart {
            down_ms: rng.u32(0..5_000),
            noticed: rng.u8(0..4) > 0,
        },
        84 => Operation::Drain {
            grace_ms: rng.u32(0..10_000),
            down_ms: rng.u32(0..5_000),
        },
        85 => Operation::Restore {
            down_ms: rng.u32(0..5_000),
            noticed: rng.u8(0..4) > 0,
            feed: feed(rng),
            page,
            lost: rng.u8(1..6),
        },
        86..88 => Operation::Stall {
            ms: rng.u32(0..40_000),
        },
        88..90 => Operation::Sleep {
            page,
            ms: rng.u32(0..150_000),
        },
        90..92 => Operation::AdvanceClock {
            page,
            ms: rng.u32(0..150_000),
        },
        92..95 => Operation::Reload {
            page,
            keeps_session: rng.u8(0..4) > 0,
        },
        95..97 => Operation::Interrupt {
            page,
            ms: rng.u32(0..20_000),
        },
        97..99 => Operation::Hide {
            page,
            hidden: rng.bool(),
        },
        99..104 => Operation::PauseHandling {
            page,
            ms: rng.u32(0..60_000),
        },
        104..109 => Operation::Tokens {
            page,
            failure: failure(rng),
            ms: rng.u32(0..60_000),
        },
        109..111 => Operation::Connect { page },
        111 => Operation::Rotate {
            feed: feed(rng),
            which: rng.u8(0..DICTIONARIES),
        },
        112 => Operation::Crowd {
            clients: rng.u8(1..12),
            topics: rng.u8(0..8),
        },
        119..122 => Operation::Block {
            page,
            ms: rng.u32(0..120_000),
        },
        122..125 => Operation::Revoke {
            page,
            subject: revoked(rng),
        },
        125.. => Operation::Login { page },
        113..115 => Operation::AttemptTakeover {
            page,
            guesses: rng.bool(),
        },
        _ => Operation::RawClient {
            operation: raw_operation(rng),
            reads: rng.u8(0..4) > 0,
            leaves: (rng.u8(0..4) == 0).then(|| rng.bool()),
        },
    }
}

fn exceed(rng: &mut Rng) -> Operation {
    Operation::Exceed {
        rate: ExceededRate::ALL[rng.usize(0..ExceededRate::ALL.len())],
        heeds: rng.u8(0..4) == 0,
    }
}

fn raw_operation(rng: &mut Rng) -> RawOperation {
    match rng.u8(0..16) {
        0..4 => RawOperation::Unknown {
            ops: rng.u8(1..8),
            ids: rng.u16(1..1_100),
        },
        4..8 => RawOperation::Together {
            topics: rng.u8(1..20),
            together: rng.bool(),
        },
        8..13 => RawOperation::Reuse {
            first: rng.u8(0..SOURCES),
            second: rng.u8(0..SOURCES),
            published: rng.u8(0..4),
            at_once: rng.u8(0..3) == 0,
        },
        13 => RawOperation::Flood,
        _ => RawOperation::Upload {
            messages: rng.u8(1..100),
            bytes: rng.u16(1..20_000),
            is_full: rng.u8(0..4) == 0,
        },
    }
}

fn publish(rng: &mut Rng, page: usize) -> Operation {
    let (count, bytes) = match rng.u8(0..20) {
        0..13 => (rng.u16(1..4), padding(rng)),
        // Too large for one frame.
        13..15 => (rng.u16(1..4), 12_000),
        15..18 => (rng.u16(1..40), padding(rng)),
        _ => (rng.u16(40..120), padding(rng)),
    };
    Operation::Publish {
        feed: feed(rng),
        page,
        count,
        bytes,
    }
}

fn padding(rng: &mut Rng) -> u16 {
    [10, 200, 1_900][rng.usize(0..3)]
}

fn feed(rng: &mut Rng) -> Feed {
    Feed::ALL[rng.usize(0..Feed::ALL.len())]
}

fn revoked(rng: &mut Rng) -> RevokedSubject {
    use RevokedSubject::{Client, Identity, Token};
    [Token, Identity, Client][rng.usize(0..3)]
}

fn failure(rng: &mut Rng) -> TokenFailure {
    use TokenFailure::{Denies, Fails, Hangs};
    [Fails, Fails, Hangs, Hangs, Denies][rng.usize(0..5)]
}

fn noticed(rng: &mut Rng) -> NotifiedSides {
    [
        NotifiedSides::Both,
        NotifiedSides::Page,
        NotifiedSides::Server,
        NotifiedSides::Nobody,
    ][rng.usize(0..4)]
}
