//! Schedule of a run, as data drawn from a seed: it can be printed, shortened and kept as a named test.

use std::fmt;
use std::time::Duration;

use fastrand::Rng;

use super::dictionary::DICTIONARIES;
use super::feed::Feed;
use super::odd::{SOURCES, Trick};

/// One operation of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// The backend publishes this many entries, each with about `bytes` of padding.
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
    /// A page sends messages.
    Say {
        /// Number of the page.
        page: usize,
        /// Messages.
        count: u8,
    },
    /// A page begins or stops to read a feed.
    Toggle {
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
        noticed: Noticed,
    },
    /// Nothing more arrives in one direction; no side is notified.
    HalfOpen {
        /// Number of the page.
        page: usize,
        /// True if the direction to the server is the dead one.
        up: bool,
    },
    /// The network of a page changes its pace, for its connection and later ones.
    Pace {
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
    /// The server process dies and another one starts, with empty logs.
    Restart {
        /// Time until the next process starts, in milliseconds.
        down_ms: u32,
        /// True if the pages learn that their connections ended.
        noticed: bool,
    },
    /// The server process dies and another one starts with its logs, of which one has lost its newest entries.
    Restore {
        /// Time until the next process starts, in milliseconds.
        down_ms: u32,
        /// True if the pages learn that their connections ended.
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
    /// A page's clock leaps forward.
    Leap {
        /// Number of the page.
        page: usize,
        /// Distance, in milliseconds.
        ms: u32,
    },
    /// A page is loaded anew, from the positions that it has handled.
    Reload {
        /// Number of the page.
        page: usize,
        /// True if it still has its session's secret; without, it is a new client.
        keeps_session: bool,
    },
    /// A page drops its connection and stays away.
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
        /// Action.
        trouble: TokenTrouble,
        /// Duration, in milliseconds.
        ms: u32,
    },
    /// A page that is closed connects again.
    Connect {
        /// Number of the page.
        page: usize,
    },
    /// A page's application handles nothing for a while.
    Linger {
        /// Number of the page.
        page: usize,
        /// Duration, in milliseconds.
        ms: u32,
    },
    /// A channel is given another compression dictionary.
    Rotate {
        /// Whose channel.
        feed: Feed,
        /// Which of the [dictionaries](super::dictionary).
        which: u8,
    },
    /// A hostile peer connects with a page's client id and the token that all share.
    AttemptTakeover {
        /// Number of the page.
        page: usize,
        /// True if it shows a wrong secret, false for none.
        guesses: bool,
    },
    /// The connections of a crowd end, and new clients of its address take as many sessions and streams as they get.
    Crowd {
        /// New clients.
        clients: u8,
        /// Topics that each of them reads.
        topics: u8,
    },
    /// The odd client does something that the protocol allows and no page does.
    Odd {
        /// Operation of the odd client.
        trick: Trick,
        /// True if it reads the answers.
        reads: bool,
        /// True if its connection ends then, and with a goodbye.
        leaves: Option<bool>,
    },
}

/// Behaviour of a token function that gives no token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenTrouble {
    /// It asks for another attempt.
    Fails,
    /// It does not answer.
    Hangs,
    /// It denies the token.
    Denies,
}

/// Sides that are notified of a lost connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Noticed {
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
    /// The seed that it was drawn from; the world draws its jitter from it too.
    pub seed: u64,
    /// Pages.
    pub pages: usize,
    /// Operations, each with the time since the previous one.
    pub operations: Vec<(Duration, Operation)>,
}

impl Schedule {
    /// The schedule of this seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let pages = rng.usize(1..=3);
        let count = rng.usize(20..=60);
        let mut operations = Vec::new();
        for page in 0..pages {
            let mut feeds = Feed::ALL.to_vec();
            rng.shuffle(&mut feeds);
            let reads = feeds.into_iter().take(rng.usize(1..=5));
            operations.extend(reads.map(|feed| {
                let newest = false;
                (Duration::ZERO, Operation::Toggle { page, feed, newest })
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

/// Mostly within a round trip of the operation before, sometimes long enough for heartbeats and session ends.
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
    match rng.u8(0..119) {
        0..44 => publish(rng, page),
        44..54 => Operation::Say {
            page,
            count: rng.u8(1..6),
        },
        54..60 => Operation::Toggle {
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
        74..79 => Operation::Pace {
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
        90..92 => Operation::Leap {
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
        99..104 => Operation::Linger {
            page,
            ms: rng.u32(0..60_000),
        },
        104..109 => Operation::Tokens {
            page,
            trouble: trouble(rng),
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
        113..115 => Operation::AttemptTakeover {
            page,
            guesses: rng.bool(),
        },
        _ => Operation::Odd {
            trick: trick(rng),
            reads: rng.u8(0..4) > 0,
            leaves: (rng.u8(0..4) == 0).then(|| rng.bool()),
        },
    }
}

fn trick(rng: &mut Rng) -> Trick {
    match rng.u8(0..16) {
        0..4 => Trick::Unknown {
            ops: rng.u8(1..8),
            ids: rng.u16(1..1_100),
        },
        4..8 => Trick::Both {
            topics: rng.u8(1..20),
            together: rng.bool(),
        },
        8..13 => Trick::Reuse {
            first: rng.u8(0..SOURCES),
            second: rng.u8(0..SOURCES),
            published: rng.u8(0..4),
            at_once: rng.u8(0..3) == 0,
        },
        13 => Trick::Flood,
        _ => Trick::Upload {
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
    [10, 200, 2_000][rng.usize(0..3)]
}

fn feed(rng: &mut Rng) -> Feed {
    Feed::ALL[rng.usize(0..Feed::ALL.len())]
}

fn trouble(rng: &mut Rng) -> TokenTrouble {
    use TokenTrouble::{Denies, Fails, Hangs};
    [Fails, Fails, Hangs, Hangs, Denies][rng.usize(0..5)]
}

fn noticed(rng: &mut Rng) -> Noticed {
    [
        Noticed::Both,
        Noticed::Page,
        Noticed::Server,
        Noticed::Nobody,
    ][rng.usize(0..4)]
}
