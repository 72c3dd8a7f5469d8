//! Channels and cursors of `auth`, the first message of a connection, kept until the client is authenticated.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use push_wire_shared::channel::ChannelTable;

use super::names::{Names, resolve};

/// Channels that `auth` requests, and the cursors after which reading continues.
#[derive(Debug)]
pub(super) struct ResumeRequest {
    /// Channels to read; `None` is all that are permitted.
    channels: Option<BTreeSet<u8>>,
    /// Error text for unknown channel names.
    pub(super) unknown: Option<String>,
    /// Error of the request that opened the connection.
    pub(super) remark: Option<String>,
    /// Last number that the client has, for each channel that it names.
    cursors: BTreeMap<u8, u64>,
    /// Last number that the client has on every channel, if it names none.
    cursor: u64,
}

impl ResumeRequest {
    pub(super) fn new(
        table: &ChannelTable,
        capabilities: &[String],
        cursor: Option<u64>,
        cursors: &HashMap<String, u64>,
    ) -> Self {
        let Names { known, unknown } = resolve(table, capabilities);
        let by_id = cursors
            .iter()
            .filter_map(|(name, cursor)| Some((table.by_name(name)?.id, *cursor)));
        Self {
            channels: (!capabilities.is_empty()).then_some(known),
            unknown,
            remark: None,
            cursors: by_id.collect(),
            // It is the highest of all channels, so it proves nothing about one that is not named.
            cursor: cursor.filter(|_| cursors.is_empty()).unwrap_or(0),
        }
    }

    /// Highest number that the client has of all channels, if it names none for a channel.
    pub(super) const fn highest(&self) -> Option<u64> {
        match self.cursor {
            0 => None,
            highest => Some(highest),
        }
    }

    /// Sets the last number that the client has on each channel, in place of those that it names; `None`: it has a state
    /// that is not known, which is a number that was never given.
    pub(super) fn set_numbers(&mut self, numbers: Option<Vec<(u8, u64)>>) {
        self.cursor = numbers.as_ref().map_or(u64::MAX, |_| 0);
        self.cursors = numbers.into_iter().flatten().collect();
    }

    /// Channels that are named.
    pub(super) fn named(&self) -> impl Iterator<Item = u8> {
        self.channels.iter().flatten().copied()
    }

    /// Returns whether the channels to read are named.
    pub(super) const fn names_channels(&self) -> bool {
        self.channels.is_some()
    }

    /// Returns whether a channel is requested; `None` if the client requests all that are permitted.
    pub(super) fn wants(&self, channel: u8) -> Option<bool> {
        Some(self.channels.as_ref()?.contains(&channel))
    }

    /// Returns whether `resume_cursors` has this channel.
    pub(super) fn names_number(&self, channel: u8) -> bool {
        self.cursors.contains_key(&channel)
    }

    /// Last number that the client has on a channel; 0 if none.
    pub(super) fn number(&self, channel: u8) -> u64 {
        self.cursors.get(&channel).copied().unwrap_or(self.cursor)
    }
}
