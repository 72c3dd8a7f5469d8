//! Receivers of a channel's entries.

use bytes::Bytes;
use push_wire_shared::position::Cursor;
use push_wire_shared::{ChannelKind, Frame};

/// Receiver of a channel's entries, called one after the other on the client's task. A slow receiver delays all others:
/// move long work to another task, or read through [`PushClient::messages`](crate::PushClient::messages).
///
/// Implemented by every `Fn(Frame<C>)`. An entry whose receiver panics counts as handled, and the client continues.
pub trait ChannelReceiver<C: ChannelKind>: Send + Sync + 'static {
    /// Receives the next entry. Entries of the client's inbox carry its id.
    fn on_frame(&self, frame: Frame<C>);

    /// Receives the next entry of a topic; default: as `on_frame`.
    fn on_topic_frame(&self, _topic: &str, frame: Frame<C>) {
        self.on_frame(frame);
    }

    /// Receives the next entry whose body is bytes; default: logs a warning and drops it.
    fn on_bytes(&self, channel: C, cursor: Cursor, body: Bytes) {
        tracing::warn!(
            channel = channel.name(),
            cursor,
            bytes = body.len(),
            "an entry of bytes has no receiver: implement on_bytes"
        );
    }

    /// Called after a resume, when the entries `from_cursor + 1 ..= to_cursor`, published in between, were all
    /// received, but for those that [`ClientEvent::Skipped`](crate::ClientEvent::Skipped) names.
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
