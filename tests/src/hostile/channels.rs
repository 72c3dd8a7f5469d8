//! Channel enum that all fuzz targets use.

use push_wire_shared::ChannelKind;

#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Channel {
    #[channel(system, id = 0)]
    System,
    #[channel(id = 1)]
    Chat,
    #[channel(id = 2)]
    Price,
}
