//! From ops and entries to WebSocket messages, in either dialect.

mod json;
mod wire;

use bytes::Bytes;
pub(crate) use json::{JsonRenderer, subscription_id};
use push_wire_broker::Entry;
use push_wire_shared::session::op::ServerOp;
pub(crate) use wire::WireRenderer;

use crate::hub::Stream;

/// Writes one connection's dialect.
#[derive(Debug)]
pub(crate) enum Renderer {
    Wire(WireRenderer),
    Json(JsonRenderer),
}

impl Renderer {
    /// Adds a control op to the next message.
    pub(crate) fn op(&mut self, op: &ServerOp) {
        match self {
            Self::Wire(wire) => wire.op(op),
            Self::Json(json) => json.op(op),
        }
    }

    /// Adds an entry whole; returns its bytes.
    pub(super) fn entry(&mut self, stream: &Stream, entry: &Entry) -> usize {
        match self {
            Self::Wire(wire) => wire.entry(stream, entry),
            Self::Json(json) => json.entry(stream, entry),
        }
    }

    /// Adds an entry as a delta, if one is smaller and the dialect has them; returns its bytes.
    pub(super) fn delta(&mut self, stream: &Stream, base: &Entry, entry: &Entry) -> Option<usize> {
        match self {
            Self::Wire(wire) => wire.delta(stream, base, entry),
            Self::Json(_) => None,
        }
    }

    /// Bytes of the ops and entries added since the last message.
    pub(super) fn pending_bytes(&self) -> usize {
        match self {
            Self::Wire(wire) => wire.pending_bytes(),
            Self::Json(json) => json.pending_bytes(),
        }
    }

    /// Control ops added since the last message.
    pub(crate) fn pending_ops(&self) -> usize {
        match self {
            Self::Wire(wire) => wire.pending_ops(),
            Self::Json(json) => json.pending_ops(),
        }
    }

    /// Completes the message: its bytes, WebSocket header included, go to the end of `out`.
    pub(super) fn finish(&mut self, out: &mut Vec<Bytes>) {
        match self {
            Self::Wire(wire) => wire.finish(out),
            Self::Json(json) => json.finish(out),
        }
    }
}
