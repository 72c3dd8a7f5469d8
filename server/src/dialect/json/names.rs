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
        match table.by_name(name) {
            Some(channel) if channel.mode != ChannelMode::System => {
                known.insert(channel.id);
            }
            _ if first_unknown.is_some() => more += 1,
            Some(_) => first_unknown = Some("the system channel has no entries".into()),
            None => first_unknown = Some(no_channel(name)),
        }
    }
    let unknown = first_unknown.map(|first| match more {
        0 => first,
        _ => format!("{first}, and {more} more names are no channel's"),
    });
    Names { known, unknown }
}

/// Error text for an unknown name.
pub(super) fn no_channel(name: &str) -> String {
    format!("there is no channel named {:?}", quoted(name))
}
