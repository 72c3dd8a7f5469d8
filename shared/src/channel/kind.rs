//! The trait that a user's channel enum implements, mostly by `#[derive(ChannelKind)]`.

use core::fmt::Debug;
use core::hash::Hash;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A user's channels: an enum shared by backend and clients.
///
/// Write `#[derive(ChannelKind)]` rather than this by hand: it also checks that ids and names are unique and
/// that exactly one channel is the system channel.
pub trait ChannelKind:
    Debug + Clone + Copy + Hash + Eq + Send + Sync + Serialize + DeserializeOwned + 'static
{
    /// Lane: 0 high, 1 normal, 2 low. Larger numbers count as low.
    fn priority(&self) -> u8;

    /// Id in the binary frame header, unique among the channels.
    fn wire_id(&self) -> u8;

    /// The channel of this wire id.
    fn from_wire_id(id: u8) -> Option<Self>;

    /// The channel of this canonical name.
    fn from_name(name: &str) -> Option<Self>;

    /// Canonical name, unique among the channels, used in JSON and URLs.
    fn name(&self) -> &'static str;

    /// Returns whether this is the system channel, which carries control ops and no entries; exactly one is.
    fn is_system(&self) -> bool;

    /// Every channel.
    fn all() -> &'static [Self];
}
