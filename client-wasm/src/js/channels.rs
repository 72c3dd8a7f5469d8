//! Check of channels by a table that a module has before it connects: that of `export_client!`.

use push_wire_shared::channel::{Channel, ChannelMode, ChannelTable};
use push_wire_shared::quote::quoted;
use wasm_bindgen::JsValue;

use super::ClientHooks;

/// Check that there is a channel of this name. It gives the error that the hooks make. As a function that is not known before
/// it is set, it takes no bytes of a module without a table.
pub(super) type ChannelCheck = Box<dyn Fn(&str, &ClientHooks) -> Result<(), JsValue>>;

/// The check by a table.
pub(super) fn check(table: ChannelTable) -> ChannelCheck {
    Box::new(move |name, hooks| {
        if table.by_name(name).is_some_and(has_entries) {
            return Ok(());
        }
        Err(unknown_channel(name, &table, hooks))
    })
}

fn unknown_channel(name: &str, table: &ChannelTable, hooks: &ClientHooks) -> JsValue {
    let named = table.channels().iter().filter(|it| has_entries(it));
    let names: Vec<&str> = named.map(|channel| channel.name.as_str()).collect();
    let message = format!(
        "there is no channel \"{}\"; the channels are {}",
        quoted(name),
        names.join(", ")
    );
    hooks.error("unknown_channel", &message, Some("channel"), None)
}

/// False of the system channel, which carries control ops.
fn has_entries(channel: &Channel) -> bool {
    channel.mode != ChannelMode::System
}
