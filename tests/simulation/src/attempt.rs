//! Latest attempt of a page to connect, and the promise that the server answers it in time.

use push_wire_shared::close::CloseReason;
use push_wire_shared::session::client::{Event, Status};

use super::check::{Promise, PromiseError};

/// Latest attempt of a page to connect.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Attempt {
    /// Number that the session gave it.
    pub number: u32,
    /// Network and server have worked since it began.
    is_undisturbed: bool,
}

impl Attempt {
    /// An attempt that begins now.
    #[must_use]
    pub fn new(number: u32) -> Self {
        Self {
            number,
            is_undisturbed: false,
        }
    }

    /// Records that network and server work as it begins.
    pub fn begin_undisturbed(&mut self) {
        self.is_undisturbed = true;
    }

    /// Records a fault of network, server or page.
    pub fn disturb(&mut self) {
        self.is_undisturbed = false;
    }

    /// Checks that an attempt that nothing disturbs does not end for want of an answer.
    ///
    /// # Errors
    /// Fails if this one does.
    pub fn check(self, event: &Event) -> Result<(), PromiseError> {
        let Event::Status(Status::Waiting { cause, .. } | Status::Suspended { cause }) = event
        else {
            return Ok(());
        };
        if self.is_undisturbed && cause.code == Some(CloseReason::HandshakeTimeout.code()) {
            let what = format!("attempt {}: {}", self.number, cause.message);
            return Err(Promise::Handshake.broken(what));
        }
        Ok(())
    }
}
