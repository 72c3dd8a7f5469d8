//! Channels: the trait of the user's enum, and the table of ids, names, lanes and modes made from it.

mod by_name;
mod kind;
mod parse;
mod table;
mod typescript;

#[doc(hidden)]
pub use by_name::channel_by_name;
pub use kind::ChannelKind;
pub use parse::{UnknownChannel, channel_names, parse_channels, try_parse_channels};
pub use table::{Channel, ChannelMode, ChannelTable};
pub use typescript::{NameClashError, TypeScript};
