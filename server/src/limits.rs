//! What a server lets its clients make it hold; defaults in [`push_wire_shared::limits`] and here.

use std::time::Duration;

use push_wire_shared::limits;

/// Bounds of what clients can make a server hold.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Largest WebSocket message taken, in bytes; default 1 MiB. A larger one closes the connection (4204).
    pub message_bytes: usize,
    /// Streams that one connection may read; default 1,024.
    pub subscriptions: usize,
    /// Sessions known at once, connected or away; default 1,000,000. A new client past it is told to come back
    /// (4101).
    pub sessions: usize,
    /// Streams that exist at once; default 1,000,000. A subscription to a new one past it is answered
    /// `store_unavailable`. Streams that nobody reads and that hold nothing do not count for long.
    pub streams: usize,
    /// Largest body that is published, in bytes of JSON text or of the application's own; default 16 MiB, which is
    /// also what clients take by default. Larger ones are refused. MessagePack or CBOR of a list of short decimals
    /// can be up to twice as long.
    pub entry_bytes: usize,
    /// Payload of an entry above which it leaves in fragments of this size; default 16 KiB. A message of a higher lane
    /// waits for at most one. Readers of the JSON dialect, which has no fragments, get one text message.
    pub fragment_bytes: usize,
    /// Bytes that one WebSocket message carries to a reader that is behind; default 16 KiB, as a fragment.
    pub batch_bytes: usize,
    /// Control ops waiting for one connection; default 1,024, at least 1. The client's messages are not read until some
    /// have been written; a client that takes none of them is closed after [`stall`](Self::stall).
    pub control_ops: usize,
    /// Time a connection may accept no bytes while some are waiting; default 30 s, then closed (4001).
    pub stall: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: limits::MESSAGE_BYTES,
            subscriptions: limits::SUBSCRIPTIONS,
            sessions: 1_000_000,
            streams: 1_000_000,
            entry_bytes: limits::VALUE_BYTES,
            fragment_bytes: limits::FRAGMENT_BYTES,
            batch_bytes: limits::BATCH_BYTES,
            control_ops: 1_024,
            stall: Duration::from_secs(30),
        }
    }
}
