//! The client's message that is being read.

use std::num::NonZero;

use crate::dialect::{Codec, Message, Request};

/// Unread rest of the client's last message, for whose answers there was no room. A message of 1 MiB can hold 100,000
/// frames, and the answer to each can be ten times as long as the frame.
#[derive(Default, Debug)]
pub(super) struct Unread {
    message: Option<Message>,
}

impl Unread {
    /// Sets the message, of which nothing has been read.
    pub(super) fn set(&mut self, message: Message) {
        self.message = Some(message);
    }

    /// Drops what has not been read.
    pub(super) fn clear(&mut self) {
        self.message = None;
    }

    /// Returns whether all has been read.
    pub(super) fn is_empty(&self) -> bool {
        self.message.is_none()
    }

    /// Reads at most `room` frames. Returns their requests; `None` if nothing is left or there is no room.
    pub(super) fn read(&mut self, room: usize, codec: &mut Codec) -> Option<Vec<Request>> {
        let room = NonZero::new(room)?;
        let message = self.message.take()?;
        let mut requests = Vec::new();
        self.message = codec.decode(&message, room.get(), &mut |one| requests.push(one));
        Some(requests)
    }
}
