//! Queue of a server session's outputs.

use alloc::collections::VecDeque;
use core::time::Duration;

use super::Output;
use crate::close::CloseReason;
use crate::limits::TEXT_BYTES;
use crate::quote::cut;
use crate::session::op::{ErrorCode, ServerOp};
use crate::time::millis;

/// Queue of outputs; nothing is added after [`Output::Close`].
#[derive(Default, Debug)]
pub(super) struct Outputs {
    queue: VecDeque<Output>,
    closed: bool,
}

impl Outputs {
    pub(super) fn put(&mut self, output: Output) {
        if !self.closed {
            self.queue.push_back(output);
        }
    }

    pub(super) fn op(&mut self, op: ServerOp) {
        self.put(Output::Op(op));
    }

    /// Sends an `error`; `id` names a subscription that ends with it.
    pub(super) fn error(&mut self, code: ErrorCode, message: &str, id: Option<u32>) {
        self.op(ServerOp::Error {
            code,
            message: cut(message, TEXT_BYTES).into_owned(),
            id,
            retry_ms: None,
        });
    }

    /// Announces a close, and the delay after which the client comes back.
    pub(super) fn goodbye(&mut self, reason: CloseReason, retry: Duration) {
        self.op(ServerOp::Goodbye {
            code: reason.code(),
            message: reason.text().into(),
            retry_ms: Some(millis(retry)),
        });
    }

    pub(super) fn close(&mut self, reason: CloseReason) {
        self.put(Output::Close(reason));
        self.closed = true;
    }

    pub(super) const fn is_closed(&self) -> bool {
        self.closed
    }

    pub(super) fn take(&mut self) -> Option<Output> {
        let output = self.queue.pop_front();
        if output.is_none() {
            // The capacity of a busy moment is not kept: most connections are idle.
            self.queue = VecDeque::new();
        }
        output
    }
}
