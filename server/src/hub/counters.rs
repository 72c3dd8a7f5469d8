//! Counters of events since the start of the server.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use push_wire_shared::close::CloseReason;
use push_wire_shared::session::op::{ErrorCode, ServerOp};

use super::lock;

/// Counters of events since the hub was created.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    published: AtomicU64,
    delivered: AtomicU64,
    resumed: AtomicU64,
    deltas: AtomicU64,
    skipped: AtomicU64,
    signals: AtomicU64,
    relayed_packets: AtomicU64,
    relayed_bytes: AtomicU64,
    relay_refused: AtomicU64,
    resets: Mutex<BTreeMap<&'static str, u64>>,
    errors: Mutex<BTreeMap<&'static str, u64>>,
    closes: Mutex<BTreeMap<u16, u64>>,
}

/// Numbers of what a server holds at one moment, and its counters.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// Sessions with a connection.
    pub connections: usize,
    /// Sessions, connected or not.
    pub sessions: usize,
    /// Streams that exist.
    pub streams: usize,
    /// Dictionaries issued for compression.
    pub dictionaries: u64,
    /// Entries published so far.
    pub published: u64,
    /// Entries sent, counted per connection.
    pub delivered: u64,
    /// Sent entries that were deltas.
    pub deltas: u64,
    /// Subscriptions that resumed after the client's position.
    pub resumed: u64,
    /// Entries that readers of channels with [`SlowReaders::Drop`](crate::SlowReaders::Drop) were not sent, counted per
    /// connection.
    pub skipped: u64,
    /// Signalling messages that were passed on from one client to another.
    pub signals: u64,
    /// Packets that were relayed from one client to another.
    pub relayed_packets: u64,
    /// Bytes of these packets, with the 16 of a client id each.
    pub relayed_bytes: u64,
    /// Packets that were not relayed, because the bandwidth of their sender or of all was used up.
    pub relay_refused: u64,
    /// Subscriptions that were reset, by reason.
    pub resets: BTreeMap<&'static str, u64>,
    /// Errors sent to clients, by code.
    pub errors: BTreeMap<&'static str, u64>,
    /// Connections that the server closed, by close code.
    pub closes: BTreeMap<u16, u64>,
}

impl Counters {
    pub(crate) fn published(&self) {
        self.published.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn delivered(&self, entries: u64, deltas: u64) {
        if entries > 0 {
            self.delivered.fetch_add(entries, Ordering::Relaxed);
        }
        if deltas > 0 {
            self.deltas.fetch_add(deltas, Ordering::Relaxed);
        }
    }

    /// Counts entries that a reader is not sent.
    pub(crate) fn skipped(&self, entries: u64) {
        self.skipped.fetch_add(entries, Ordering::Relaxed);
    }

    /// Counts a signalling message that is passed on.
    #[cfg(feature = "rtc")]
    pub(crate) fn signalled(&self) {
        self.signals.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a packet that is relayed.
    #[cfg(feature = "rtc")]
    pub(crate) fn relayed(&self, bytes: u64) {
        self.relayed_packets.fetch_add(1, Ordering::Relaxed);
        self.relayed_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts a packet that is not relayed for want of bandwidth.
    #[cfg(feature = "rtc")]
    pub(crate) fn relay_refused(&self) {
        self.relay_refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts an op that a client is sent.
    pub(crate) fn stated(&self, op: &ServerOp) {
        match op {
            ServerOp::Error { code, .. } => self.error(*code),
            ServerOp::Rejected(rejected) => self.error(rejected.code),
            ServerOp::Resumed { .. } => {
                self.resumed.fetch_add(1, Ordering::Relaxed);
            }
            ServerOp::Reset { reason, .. } => {
                *lock(&self.resets).entry(reason.name()).or_default() += 1;
            }
            ServerOp::AuthOk(_)
            | ServerOp::Skipped(_)
            | ServerOp::Received { .. }
            | ServerOp::Dictionary(_)
            | ServerOp::Ping { .. }
            | ServerOp::Pong
            | ServerOp::Renew
            | ServerOp::Notice(_)
            | ServerOp::Goodbye { .. } => {}
        }
    }

    fn error(&self, code: ErrorCode) {
        *lock(&self.errors).entry(code.name()).or_default() += 1;
    }

    pub(crate) fn closed(&self, reason: CloseReason) {
        *lock(&self.closes).entry(reason.code()).or_default() += 1;
    }

    pub(super) fn stats(
        &self,
        connections: usize,
        sessions: usize,
        streams: usize,
        dictionaries: u64,
    ) -> Stats {
        Stats {
            connections,
            sessions,
            streams,
            dictionaries,
            published: self.published.load(Ordering::Relaxed),
            delivered: self.delivered.load(Ordering::Relaxed),
            deltas: self.deltas.load(Ordering::Relaxed),
            resumed: self.resumed.load(Ordering::Relaxed),
            skipped: self.skipped.load(Ordering::Relaxed),
            signals: self.signals.load(Ordering::Relaxed),
            relayed_packets: self.relayed_packets.load(Ordering::Relaxed),
            relayed_bytes: self.relayed_bytes.load(Ordering::Relaxed),
            relay_refused: self.relay_refused.load(Ordering::Relaxed),
            resets: lock(&self.resets).clone(),
            errors: lock(&self.errors).clone(),
            closes: lock(&self.closes).clone(),
        }
    }
}
