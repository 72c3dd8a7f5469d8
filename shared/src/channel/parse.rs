//! Parsing of comma-separated channel names, as in URLs.

use alloc::string::String;
use alloc::vec::Vec;

use super::ChannelKind;

/// The channels of a comma-separated list of names; blanks are trimmed, unknown names left out.
///
/// [`try_parse_channels`] returns an error for an unknown name.
#[must_use]
pub fn parse_channels<C: ChannelKind>(raw: Option<&str>) -> Vec<C> {
    channel_names(raw).filter_map(C::from_name).collect()
}

/// A name in a channel list that no channel has.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("unknown channel {0:?}")]
pub struct UnknownChannel(pub String);

/// The channels of a comma-separated list of names; blanks are trimmed, empty items left out.
///
/// # Errors
/// The first name that no channel has.
pub fn try_parse_channels<C: ChannelKind>(raw: Option<&str>) -> Result<Vec<C>, UnknownChannel> {
    channel_names(raw)
        .map(|name| C::from_name(name).ok_or_else(|| UnknownChannel(name.into())))
        .collect()
}

/// The names of a comma-separated list; blanks are trimmed, empty items left out.
pub fn channel_names(raw: Option<&str>) -> impl Iterator<Item = &str> {
    raw.unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
}
