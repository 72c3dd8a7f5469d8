//! Receivers of a channel's entries.

use bytes::Bytes;
use push_wire_shared::position::{Cursor, Position, ResetReason};
use push_wire_shared::session::op::ScopeRequest;
use push_wire_shared::{ChannelKind, Frame};

use crate::StreamError;

/// Receiver of a channel's entries, called one after the other on the client's task. A slow receiver delays all others:
/// move long work to another task, or read through [`PushClient::messages`](crate::PushClient::messages).
///
/// An entry counts as handled when the call that it was passed to has returned: a
/// [`snapshot`](crate::PushClient::snapshot) continues after it, and it is acknowledged to the server. If a receiver
/// passes entries to another task, those that the task has not handled when the process ends are lost; `messages` loses
/// none. An entry whose receiver panics counts as handled, and the client continues.
///
/// Implemented by every `Fn(Frame<C>)`. [`on_reset`](Self::on_reset) and [`on_skipped`](Self::on_skipped) are called in
/// order with the entries, which [`ClientEvent`](crate::ClientEvent)s are not.
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

    /// Called when continuity with the entries before cannot be proved, before the first entry after `position`; default:
    /// nothing is done.
    fn on_reset(
        &self,
        _channel: C,
        _scope: &ScopeRequest,
        _reason: ResetReason,
        _position: Position,
    ) {
    }

    /// Called in place of `count` entries that the server does not send, because this client was further behind than the
    /// channel's policy allows; reading continues after `position`. Default: nothing is done.
    fn on_skipped(&self, _channel: C, _scope: &ScopeRequest, _count: u64, _position: Position) {}

    /// Called when the server has ended the subscription of a stream, after its last entry. Default: nothing is done, beside
    /// [`ClientEvent::Ended`](crate::ClientEvent::Ended).
    fn on_ended(&self, _channel: C, _scope: &ScopeRequest, _error: &StreamError) {}

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
