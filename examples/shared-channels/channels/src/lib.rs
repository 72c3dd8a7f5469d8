//! Channels of the orders service and their payloads, shared by the backend and the npm package.

use push_wire_shared::ChannelKind;
use serde::{Deserialize, Serialize};

/// Channels of the service. Pages name them in snake case: `menu`, `order`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ChannelKind)]
pub enum Channel {
    /// Control ops of connections.
    #[channel(system)]
    System,
    /// The dishes: a state.
    Menu,
    /// The orders: a log.
    Order,
}

/// A dish of the menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Dish {
    /// Name, unique in the menu.
    pub name: String,
    /// Price in cents.
    pub cents: u32,
}

/// Order as a page sends it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct NewOrder {
    /// Number of the table, from 1 on.
    pub table: u8,
    /// Name of the dish.
    pub dish: String,
}

/// Order as pages read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Order {
    /// Number of the order, from 1 on.
    pub number: u32,
    /// Number of the table, from 1 on.
    pub table: u8,
    /// Name of the dish.
    pub dish: String,
}

/// Writes the types of the channels for pages. Fails once after a change, so that CI finds a file that was not written.
#[test]
fn channels_ts_is_current() -> Result<(), Box<dyn std::error::Error>> {
    let channels = push_wire_shared::channel::ChannelTable::of::<Channel>()
        .to_typescript()
        .reads::<Vec<Dish>>(Channel::Menu) // what a page reads
        .reads::<Order>(Channel::Order)
        .sends::<NewOrder>(Channel::Order) // what it sends
        .text()?;
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../package/src/channels.ts");
    let before = std::fs::read_to_string(file).unwrap_or_default();
    std::fs::write(file, &channels)?;
    assert_eq!(before, channels, "{file} was not current, and now is");
    Ok(())
}
