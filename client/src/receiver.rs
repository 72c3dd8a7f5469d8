//! Receivers of a channel's entries.

use bytes::Bytes;
use push_wire_shared::position::Cursor;
use push_wire_shared::{ChannelKind, Frame};

/// Takes the entries of a channel, one after the other, on the client's task: a receiver that takes long holds
/// up all others, so hand long work to a task of your own or read through
/// [`PushClient::messages`](crate::PushClient::messages).
///
/// Any `Fn(Frame<C>)` is one. A receiver that panics has handled its entry; the client goes on.
pub trait ChannelReceiver<C: ChannelKind>: Send + Sync + 'static {
    /// The next entry. Entries of the client's inbox carry its id.
    fn on_frame(&self, frame: Frame<C>);

    /// The next entry of a topic. The default takes it as any other.
    fn on_topic_frame(&self, _topic: &str, frame: Frame<C>) {
        self.on_frame(frame);
    }

    /// The next entry, when its body is bytes rather than a value. The default logs that nobody wanted it.
    fn on_bytes(&self, channel: C, cursor: Cursor, body: Bytes) {
        tracing::warn!(
            channel = channel.name(),
            cursor,
            bytes = body.len(),
            "an entry of bytes has no receiver: implement on_bytes"
        );
    }

    /// After a return: the entries `from_cursor + 1 ..= to_cursor`, published while away, were all taken.
    fn on_replay_complete(&self, _channel: C, _from_cursor: u64, _to_cursor: u64) {}
}

impl<C, F> ChannelReceiver<C> for F
where
    C: ChannelKind,
    F: Fn(Frame<C>) + Send + Sync + 'static,
{
    fn on_frame(&self, frame: Frame<C>) {
        self(frame);
    }
}
