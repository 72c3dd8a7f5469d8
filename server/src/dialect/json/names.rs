//! Resolution of channel names to ids.

use std::collections::BTreeSet;

use push_wire_shared::channel::{ChannelMode, ChannelTable};
use push_wire_shared::quote::quoted;

/// Result of resolving a list of names.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) known: BTreeSet<u8>,
    /// Error text for the unknown names, all together.
    pub(super) unknown: Option<String>,
}

/// Finds the channels of these names, each once. The system channel counts as unknown.
pub(super) fn resolve(table: &ChannelTable, names: &[String]) -> Names {
    let mut known = BTreeSet::new();
    let mut first_unknown = None;
    let mut more = 0;
    for name in names {
        let channel = table.by_name(name);
        match channel.filter(|channel| channel.mode != ChannelMode::System) {
            Some(channel) => {
                known.insert(channel.id);
            }
            None if first_unknown.is_none() => first_unknown = Some(name),
            None => more += 1,
        }
    }
    let unknown = first_unknown.map(|name| match more {
        0 => no_channel(name),
        _ => format!(
            "{}, and {more} more names are no channel's",
            no_channel(name)
        ),
    });
    Names { known, unknown }
}

/// Error text for an unknown name.
pub(super) fn no_channel(name: &str) -> String {
    format!("there is no channel named {:?}", quoted(name))
}
