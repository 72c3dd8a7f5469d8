//! Channels that a connection reads. The dialect names streams by channel alone; each channel stands for two
//! subscriptions of the session, the channel itself and the client's inbox in it.

use push_wire_shared::position::StartAt;
use push_wire_shared::session::op::{ScopeRequest, Subscribe};

use super::bit_set::BitSet;
pub(super) use super::numbering::Source;

/// Channels that one connection reads, as sets of ids.
#[derive(Default, Debug)]
pub(super) struct Subscriptions {
    /// Subscriptions of the session, by [`subscription_id`].
    reads: BitSet<8>,
    /// Channels that the client may read itself, and not only its inbox in them.
    readable: BitSet<4>,
}

/// Id of the subscription of one of a channel's two streams.
pub(super) const fn subscription_id(channel: u8, source: Source) -> u32 {
    channel as u32 * 2 + source as u32
}

/// Channel and stream of a subscription.
pub(super) fn stream_of(id: u32) -> Option<(u8, Source)> {
    let source = if id.is_multiple_of(2) {
        Source::Channel
    } else {
        Source::Inbox
    };
    Some((u8::try_from(id / 2).ok()?, source))
}

/// Request to read one of a channel's two streams from its oldest entry on.
pub(super) fn request(name: String, channel: u8, source: Source) -> Subscribe {
    Subscribe {
        id: subscription_id(channel, source),
        channel: name,
        scope: match source {
            Source::Channel => ScopeRequest::Channel,
            Source::Inbox => ScopeRequest::Inbox,
        },
        position: None,
        start: StartAt::Oldest,
    }
}

impl Subscriptions {
    /// Records whether the client may read a channel itself.
    pub(super) fn set_readable(&mut self, channel: u8, is_readable: bool) {
        if is_readable {
            self.readable.insert(usize::from(channel));
        } else {
            self.readable.remove(usize::from(channel));
        }
    }

    /// Adds what the client may read of a channel. Returns for each of its two streams whether it is added. The inbox is
    /// added always: the session refuses it to a client without any right on the channel.
    pub(super) fn add(&mut self, channel: u8) -> [bool; 2] {
        let is_readable = self.readable.contains(usize::from(channel));
        let mut add = |source| self.reads.insert(index(subscription_id(channel, source)));
        [is_readable && add(Source::Channel), add(Source::Inbox)]
    }

    /// Removes a channel. Returns the subscriptions that this ends.
    pub(super) fn remove(&mut self, channel: u8) -> impl Iterator<Item = u32> + use<> {
        let ids = [Source::Channel, Source::Inbox].map(|source| {
            let id = subscription_id(channel, source);
            self.reads.remove(index(id)).then_some(id)
        });
        ids.into_iter().flatten()
    }

    /// Records that the session has ended a subscription.
    pub(super) fn forget(&mut self, id: u32) {
        self.reads.remove(index(id));
    }

    /// Returns whether nothing is read.
    pub(super) fn is_empty(&self) -> bool {
        self.reads.is_empty()
    }
}

const fn index(id: u32) -> usize {
    id as usize
}
