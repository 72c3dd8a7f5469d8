//! Schedule of a run, as data drawn from a seed: it can be printed, shortened and kept as a named test.

use std::fmt;
use std::time::Duration;

use fastrand::Rng;

use super::dictionary::DICTIONARIES;
use super::excess::ExceededRate;
use super::feed::Feed;
use super::raw_client::{RawOperation, SOURCES};

/// One operation of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// The backend publishes `count` entries, each with about `bytes` of padding.
    Publish {
        /// To this stream; [`Feed::Orders`] means the inbox of `page`.
        feed: Feed,
        /// The page whose inbox is meant.
        page: usize,
        /// Entries.
        count: u16,
        /// Padding of each.
        bytes: u16,
    },
    /// A page reads a feed of each lane over a slow network, and so many entries are published into each that all lanes have
    /// some waiting for a while.
    Saturate {
        /// Number of the page.
        page: usize,
    },
    /// Clients, which are no pages, send more than a rate allows.
    Exceed {
        /// The rate.
        rate: ExceededRate,
        /// True if they stop for a while when they are notified.
        heeds: bool,
    },
    /// A page sends messages.
    Send {
        /// Number of the page.
        page: usize,
        /// Messages.
        count: u8,
    },
    /// A page begins or stops to read a feed.
    ToggleSubscription {
        /// Number of the page.
        page: usize,
        /// Feed.
        feed: Feed,
        /// Only what is published from now on.
        newest: bool,
    },
    /// A page's connection is lost.
    Cut {
        /// Number of the page.
        page: usize,
        /// Sides that are notified.
        noticed: NotifiedSides,
    },
    /// Nothing more arrives in one direction; no side is notified.
    HalfOpen {
        /// Number of the page.
        page: usize,
        /// True if the direction to the server is the dead one.
        up: bool,
    },
    /// The network of a page changes its conditions, for its connection and later ones.
    ChangeNetwork {
        /// Number of the page.
        page: usize,
        /// Latency of one direction, milliseconds.
        latency_ms: u16,
        /// Bytes a second of each direction.
        bytes_per_second: u32,
    },
    /// New connections of a page fail.
    Offline {
        /// Number of the page.
        page: usize,
        /// Duration, in milliseconds.
        ms: u32,
        /// True if attempts go unanswered instead of being refused.
        silent: bool,
    },
    /// The network of a page lets no WebSocket through.
    Block {
        /// Number of the page.
        page: usize,
        /// Duration, in milliseconds.
        ms: u32,
    },
    /// The server process dies and another one starts, with empty logs.
    Restart {
        /// Time until the next process starts, in milliseconds.
        down_ms: u32,
        /// True if the pages are notified that their connections ended.
        noticed: bool,
    },
    /// The server process dies and another one starts with its logs, of which one has lost its newest entries.
    Restore {
        /// Time until the next process starts, in milliseconds.
        down_ms: u32,
        /// True if the pages are notified that their connections ended.
        noticed: bool,
        /// Stream of the log.
        feed: Feed,
        /// The page whose inbox is meant.
        page: usize,
        /// Entries.
        lost: u8,
    },
    /// The server process ends its connections, then itself; another one starts, with empty logs.
    Drain {
        /// Time until it ends, in milliseconds.
        grace_ms: u32,
        /// Time from then on until the next process starts, in milliseconds.
        down_ms: u32,
    },
    /// The server process stops for a while; its clock continues.
    Stall {
        /// Duration, in milliseconds.
        ms: u32,
    },
    /// A page's machine sleeps: it reads nothing and no timer fires; its clock continues.
    Sleep {
        /// Number of the page.
        page: usize,
        /// Duration, in milliseconds.
        ms: u32,
    },
    /// A page's clock jumps forward.
    AdvanceClock {
        /// Number of the page.
        page: usize,
        /// Distance, in milliseconds.
        ms: u32,
    },
    /// A page is reloaded, and reads from the positions that it has handled.
    Reload {
        /// Number of the page.
        page: usize,
        /// True if it still has its session's secret; without, it is a new client.
        keeps_session: bool,
    },
    /// A page drops its connection, and connects again after a while.
    Interrupt {
        /// Number of the page.
        page: usize,
        /// Duration, in milliseconds.
        ms: u32,
    },
    /// A page becomes hidden, or visible again.
    Hide {
        /// Number of the page.
        page: usize,
        /// Hidden rather than visible.
        hidden: bool,
    },
    /// A page's token function fails for a while.
    Tokens {
        /// Number of the page.
        page: usize,
        /// Behaviour of the function.
        failure: TokenFailure,
        /// Duration, in milliseconds.
        ms: u32,
    },
    /// A page that is closed connects again.
    Connect {
        /// Number of the page.
        page: usize,
    },
    /// A page's application handles nothing for a while.
    PauseHandling {
        /// Number of the page.
        page: usize,
        /// Duration, in milliseconds.
        ms: u32,
    },
    /// A channel is given another compression dictionary.
    Rotate {
        /// The feed whose channel it is.
        feed: Feed,
        /// Number of the [dictionary](super::dictionary).
        which: u8,
    },
    /// A hostile peer connects with a page's client id and the token that all share.
    AttemptTakeover {
        /// Number of the page.
        page: usize,
        /// True if it shows a wrong secret, false for none.
        guesses: bool,
    },
    /// The connections of a crowd (many clients of one address) end, and new clients of that address request as many
    /// sessions and streams as they get.
    Crowd {
        /// New clients.
        clients: u8,
        /// Topics that each of them reads.
        topics: u8,
    },
    /// The raw client does something that the protocol allows and no page does.
    RawClient {
        /// Operation of the raw client.
        operation: RawOperation,
        /// True if it reads the answers.
        reads: bool,
        /// True if its connection then ends with a goodbye, false if without; `None` if it stays.
        leaves: Option<bool>,
    },
}

impl Operation {
    /// Returns whether it may delay the handshake of a page, or end its attempt.
    #[must_use]
    pub fn is_disturbance(self) -> bool {
        !matches!(
            self,
            Self::Publish { .. } | Self::Send { .. } | Self::ToggleSubscription { .. }
        )
    }
}

/// Number that those operations are drawn from which take as long as the rest of a run (2,400): a few of them come in that
/// many.
const LONG_OPERATIONS: u16 = 2_400;

/// Failure of a page's token function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenFailure {
    /// Returns an error that allows another attempt.
    Fails,
    /// Returns nothing.
    Hangs,
    /// Returns an error that is final.
    Denies,
}

/// Sides that are notified of a lost connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotifiedSides {
    /// Both ends.
    Both,
    /// The page only.
    Page,
    /// The server only.
    Server,
    /// Nobody.
    Nobody,
}

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
    match rng.u8(0..122) {
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
        119.. => Operation::Block {
            page,
            ms: rng.u32(0..120_000),
        },
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
