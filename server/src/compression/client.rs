//! Dictionaries of one connection: those that were named to its client, and those that it has fetched.

use std::sync::Arc;

use push_wire_shared::limits::{DICTIONARIES, DICTIONARIES_PER_CHANNEL};
use push_wire_shared::session::op::DictionaryInfo;

use super::Dictionary;

/// Dictionaries that were named on one connection, oldest first, each with whether the client has confirmed it.
#[derive(Default, Debug)]
pub(crate) struct ClientDictionaries {
    named: Vec<Named>,
}

#[derive(Debug)]
struct Named {
    dictionary: Arc<Dictionary>,
    held: bool,
}

impl ClientDictionaries {
    /// Adds a dictionary to be named, unless it was named already or there are too many. Returns what to send to the
    /// client.
    pub(crate) fn name(&mut self, dictionary: &Arc<Dictionary>) -> Option<DictionaryInfo> {
        let info = *dictionary.info();
        if self.named.iter().any(|named| named.id() == info.id) {
            return None;
        }
        self.drop_oldest_of(info.channel);
        if self.named.len() >= DICTIONARIES {
            return None;
        }
        self.named.push(Named {
            dictionary: Arc::clone(dictionary),
            held: false,
        });
        Some(info)
    }

    /// Removes the oldest of this channel if there are two; the client does the same when it gets the op.
    fn drop_oldest_of(&mut self, channel: u8) {
        let is_of = |named: &Named| named.dictionary.info().channel == channel;
        let count = self.named.iter().filter(|named| is_of(named)).count();
        if count >= DICTIONARIES_PER_CHANNEL
            && let Some(oldest) = self.named.iter().position(is_of)
        {
            self.named.remove(oldest);
        }
    }

    /// Records that the client holds these. Ids that were not named, or have been removed, are ignored.
    pub(crate) fn confirm(&mut self, ids: &[u32]) {
        for named in &mut self.named {
            named.held |= ids.contains(&named.id());
        }
    }

    /// The newest dictionary of the channel that the client holds.
    pub(crate) fn of(&self, channel: u8) -> Option<&Dictionary> {
        let newest_first = self.named.iter().rev();
        newest_first
            .filter(|named| named.held)
            .map(|named| &*named.dictionary)
            .find(|dictionary| dictionary.info().channel == channel)
    }
}

impl Named {
    fn id(&self) -> u32 {
        self.dictionary.info().id
    }
}
