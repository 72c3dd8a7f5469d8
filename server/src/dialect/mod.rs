//! From ops and entries to WebSocket messages, in either dialect.

mod json;
mod wire;

use std::sync::Arc;

use bytes::Bytes;
pub(crate) use json::{JsonRenderer, subscription_id};
use push_wire_broker::Entry;
use push_wire_shared::session::op::ServerOp;
pub(crate) use wire::WireRenderer;

use super::transfer::{Fragment, Large};
use crate::hub::Stream;

/// What became of an entry that was offered to the next message.
#[derive(Debug)]
pub(super) enum Added {
    /// It is in, with these bytes.
    Bytes(usize),
    /// It is for the message after.
    Full,
    /// It leaves in fragments.
    Large(Arc<Large>),
}

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

    /// Adds an entry whole, if the message has room for it or is empty.
    pub(super) fn entry(&mut self, stream: &Stream, entry: &Entry, room: usize) -> Added {
        match self {
            Self::Wire(wire) => wire.entry(stream, entry, room),
            Self::Json(json) => Added::Bytes(json.entry(stream, entry)),
        }
    }

    /// The same as a delta, if one is smaller and the dialect has them.
    pub(super) fn delta(
        &mut self,
        stream: &Stream,
        base: &Entry,
        entry: &Entry,
        room: usize,
    ) -> Option<Added> {
        match self {
            Self::Wire(wire) => wire.delta(stream, base, entry, room),
            Self::Json(_) => None,
        }
    }

    /// The message, empty so far, is this fragment.
    pub(super) fn fragment(&mut self, fragment: Fragment) {
        match self {
            Self::Wire(wire) => wire.fragment(fragment),
            Self::Json(_) => unreachable!("the JSON dialect has no large entries"),
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
