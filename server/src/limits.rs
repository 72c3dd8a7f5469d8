//! Limits of the memory and work that clients can take; defaults in [`push_wire_shared::limits`] and here.

mod rates;

use std::time::Duration;

use push_wire_shared::limits;
pub use rates::{Rate, Rates};

/// Notices queued for one connection (1,024): beyond this, system ops are refused with an error to the sender.
pub(crate) const NOTICES: usize = 1_024;

/// Time over which clients of a drained server are asked to come back (5 s): 100,000 clients are then 20,000 a second.
pub(crate) const RETURN_SPREAD: Duration = Duration::from_secs(5);

/// Largest write to a stream of HTTP/2 (16 KiB): a DATA frame, and what a message of a higher lane waits for.
pub(crate) const WRITE_BYTES: usize = 16 * 1024;

/// Bytes that HTTP/1.1 holds of a request's head, or of a response ahead of the socket (16 KiB): cookies and a token fit
/// in a head, and of an event stream little is taken that an urgent event could not overtake.
pub(crate) const HTTP1_BUFFER_BYTES: usize = 16 * 1024;

/// Bytes of a request's body beyond its limit that are read and dropped before it is refused (8 MiB), so that the answer
/// reaches a client that sends the whole body first.
pub(crate) const DISCARDED_BYTES: usize = 8 * 1024 * 1024;

/// Bytes that are read and dropped after the close frame of a WebSocket (64 MiB), so that the frame reaches a client that is
/// sending: more than clients and the kernel hold. A client that goes on sending for the time of the closing handshake costs
/// no more than that.
pub(crate) const CLOSING_BYTES: usize = 64 * 1024 * 1024;

/// Largest head of a request over HTTP/2, as RFC 9113 section 6.5.2 counts it (16 KiB), as over HTTP/1.1.
pub(crate) const HTTP2_HEAD_BYTES: u32 = 16 * 1024;

/// Requests and WebSockets at once on one HTTP/2 connection (256): all tabs of a browser; a proxy opens more connections.
pub(crate) const HTTP2_STREAMS: u32 = 256;

/// Unread bytes of one HTTP/2 stream (64 KiB), about what a kernel holds of a TCP connection.
pub(crate) const HTTP2_STREAM_WINDOW_BYTES: u32 = 64 * 1024;

/// Unread bytes of one HTTP/2 connection (1 MiB), so that 15 streams that are not read do not stop the others.
pub(crate) const HTTP2_WINDOW_BYTES: u32 = 1024 * 1024;

/// Bytes of one HTTP/2 stream that wait to be sent, above which no more are taken (16 KiB): one write.
pub(crate) const HTTP2_SEND_BYTES: usize = WRITE_BYTES;

/// Streams of an HTTP/2 connection that the client has reset before they were handled (20); beyond, the connection ends
/// (the "rapid reset" attack).
pub(crate) const HTTP2_CLIENT_RESETS: usize = 20;

/// Streams of an HTTP/2 connection that the server has reset because of errors of the client (128); beyond, the connection
/// ends. A client that keeps to the protocol causes none.
pub(crate) const HTTP2_ERROR_RESETS: usize = 128;

/// TLS handshakes at once in one listener (1,024, each of some 20 KB): beyond, connections wait in the kernel's queue.
#[cfg(feature = "tls")]
pub(crate) const TLS_HANDSHAKES: usize = 1_024;

/// Networks whose rate of new connections is remembered (65,536; 100 bytes each): more are open at once only in an attack
/// from as many networks, against which no limit per address helps.
pub(crate) const NETWORKS_REMEMBERED: usize = 65_536;

/// Time between two lines of the log that requests cause before their clients are known (1 minute): clients that are refused
/// as fast as they can ask write half a megabyte a day.
pub(crate) const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// Revocations that are kept until the tokens have expired (65,536; 100 bytes each): tokens expire within hours, and all
/// those of a user are one revocation.
pub(crate) const REVOCATIONS: usize = 65_536;

/// Owners, without sessions, whose use of their rates is remembered until they may send as much as a new one (65,536; 100
/// bytes each): an owner that ends its sessions does not get a new burst. The oldest is forgotten first.
pub(crate) const OWNERS_REMEMBERED: usize = 65_536;

/// Shortest time for which a client that has sent more than its rates is not read (100 ms): it is then read in portions of
/// a tenth of what is allowed in a second, where one frame at a time would take a wake-up each.
pub(crate) const RATE_PORTION: Duration = Duration::from_millis(100);

/// Shortest delay before the next attempt of a client that was closed for its rate (5 s); up to [`RETURN_SPREAD`] is
/// added at random.
pub(crate) const RATE_RETRY: Duration = Duration::from_secs(5);

/// POSTs that wait for one connection (4), and as many that wait for the authenticator: clients of ours have one at a
/// time. A further one is answered 429.
pub(crate) const POSTS_WAITING: usize = 4;

/// Bytes of a fetched set of keys (256 KiB): one of 64 keys with certificates.
#[cfg(feature = "jwt")]
pub(crate) const JWKS_BYTES: usize = 256 * 1024;

/// Keys of a set (64): issuers publish a handful, two of each kind while they change them.
#[cfg(feature = "jwt")]
pub(crate) const JWKS_KEYS: usize = 64;

const MIB: u32 = 1024 * 1024;

/// Limits of the memory and work that clients can take in a server; docs/limits.md lists them all.
///
/// Entries in a session's inboxes are bounded by the retention of their channels: bytes, entries and age of the
/// [`ChannelPolicy`](crate::ChannelPolicy), for each channel.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Largest WebSocket message taken, in bytes; default 1 MiB, 1 KiB to 1 GiB. A larger one closes the connection
    /// (4204).
    pub message_bytes: usize,
    /// Streams that one connection may read; default 1,024, at least two for each channel, since a client of the JSON
    /// dialect reads them all, at most 65,536.
    pub subscriptions: usize,
    /// Connections at once, authenticated or not; default 100,000: half a gigabyte of the server's memory, and as much of
    /// the kernel's. A request beyond it is answered 503. The process needs a file descriptor for each.
    pub connections: usize,
    /// Rate at which one network may open connections; default 200 a second and 2,048 at once: an office behind one
    /// address whose clients all return after a restart. A request beyond it is answered 429; loopback is exempt.
    pub connects_per_address: Rate,
    /// Connections of one network at once whose clients are not authenticated; default 2,048, as many as it may open at
    /// once. A request beyond it is answered 429; loopback is exempt.
    pub unauthenticated_per_address: usize,
    /// Bytes of POSTed bodies that are being read before it is known for which session they are; default 256 MiB, which
    /// 256 bodies of 1 MiB take. A request beyond it is answered 503.
    pub unauthenticated_bytes: usize,
    /// The same of one network; default 16 MiB: messages are mostly below a kilobyte. A request beyond it is answered
    /// 429; loopback is exempt.
    pub unauthenticated_bytes_per_address: usize,
    /// Sessions at once, connected or not; default 1,000,000. A new client beyond it is closed with 4101 (come back
    /// later).
    pub sessions: usize,
    /// Sessions of one identity, given by [`Grant::identity`](crate::Grant::identity), known at once; default 1,000: the
    /// devices and tabs of one user, or the machines of one service. A new one past it is closed with 4101.
    pub sessions_per_identity: usize,
    /// Connections of one identity at once; default 500, half of its sessions, since sessions outlive connections. A new
    /// one past it is closed with 4101.
    pub connections_per_identity: usize,
    /// Sessions without identity from one network (an IPv4 address, the first 64 bits of an IPv6 address) known at
    /// once; default 65,536: as many as an address has ports, so that the connected clients behind a carrier's NAT or a
    /// proxy stay below it. A new one past it is closed with 4101.
    pub sessions_per_address: usize,
    /// Topics that exist at once; default 1,000,000. A subscription to a new one past it is answered
    /// `store_unavailable`. A topic that nobody reads ends with the last entry that it holds.
    pub streams: usize,
    /// Topics that sessions of one identity created by subscribing and that nobody has published to; default 10,000,
    /// what ten connections read at most. A subscription to a new one past it is answered `store_unavailable`. What one
    /// session may create is what it may read: `subscriptions`.
    pub streams_per_identity: usize,
    /// The same for sessions without identity from one network; default 100,000, a tenth of `streams`.
    pub streams_per_address: usize,
    /// Rates of one connection; default 1,000 frames a second and 8,192 at once, 1 MiB and 8 MiB, 500 uploads and 4,096.
    /// A game of 60 messages a second stays far below; a client that returns sends what it kept (1,024 messages of
    /// 4 MiB in all, by default) and its 1,024 subscriptions at once.
    pub client_rates: Rates,
    /// Rates of all connections of one identity; default four times those of a connection: the devices of one user, of
    /// which few send at once.
    pub identity_rates: Rates,
    /// Rates of all connections without identity from one network; default sixteen times those of a connection: many
    /// clients behind a carrier's NAT, each of which sends little.
    pub address_rates: Rates,
    /// Largest body that is published, in bytes of JSON text or of the application's own; default 16 MiB, which is also
    /// what clients take by default, at most 1 GiB. Larger ones are refused. MessagePack or CBOR of a list of short
    /// decimals can be up to twice as long.
    pub entry_bytes: usize,
    /// Payload of an entry above which it is sent in fragments of this size; default 16 KiB, 64 bytes to 512 KiB. A
    /// message of a higher lane waits for at most one. Readers of the JSON dialect, which has no fragments, get one
    /// text message.
    pub fragment_bytes: usize,
    /// Bytes that one WebSocket message carries to a reader that is behind; default 16 KiB, as a fragment; at most 512
    /// KiB, half of what clients take by default.
    pub batch_bytes: usize,
    /// Control ops waiting for one connection; default 1,024, at least 1. The client's messages are not read until some
    /// have been written; a client that takes none of them is closed after [`stall`](Self::stall).
    pub control_ops: usize,
    /// Time a connection may accept no bytes while some are waiting; default 30 s, 1 ms to 24 h, then closed
    /// (4001).
    pub stall: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: limits::MESSAGE_BYTES,
            subscriptions: limits::SUBSCRIPTIONS,
            connections: 100_000,
            connects_per_address: Rate::new(200, 2_048),
            unauthenticated_per_address: 2_048,
            unauthenticated_bytes: 256 * MIB as usize,
            unauthenticated_bytes_per_address: 16 * MIB as usize,
            sessions: 1_000_000,
            sessions_per_identity: 1_000,
            connections_per_identity: 500,
            sessions_per_address: 65_536,
            streams: 1_000_000,
            streams_per_identity: 10_000,
            streams_per_address: 100_000,
            client_rates: rates(1),
            identity_rates: rates(4),
            address_rates: rates(16),
            entry_bytes: limits::VALUE_BYTES,
            fragment_bytes: limits::FRAGMENT_BYTES,
            batch_bytes: limits::BATCH_BYTES,
            control_ops: 1_024,
            stall: Duration::from_secs(30),
        }
    }
}

/// The rates of this many connections that send as much as they may.
const fn rates(connections: u32) -> Rates {
    Rates {
        frames: Rate::new(1_000 * connections, 8_192 * connections),
        bytes: Rate::new(MIB * connections, 8 * MIB * connections),
        uploads: Rate::new(500 * connections, 4_096 * connections),
    }
}
