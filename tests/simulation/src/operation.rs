//! Operations of a run: what backend, pages, network and machines do.

use super::excess::ExceededRate;
use super::feed::Feed;
use super::raw_client::RawOperation;

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
    /// The backend revokes credentials of a page.
    Revoke {
        /// Number of the page.
        page: usize,
        /// The credentials.
        subject: RevokedSubject,
    },
    /// Another user logs in, in a page that goes on with its client: its connection is lost, and later ones have tokens of
    /// that user.
    Login {
        /// Number of the page.
        page: usize,
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

/// Credentials that are revoked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RevokedSubject {
    /// The newest token of the page.
    Token,
    /// All tokens of the page so far.
    Identity,
    /// The page's client; the page is reloaded as a new one.
    Client,
}

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
