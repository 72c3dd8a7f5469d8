//! Compile test: an enum without a system channel is an error.

use push_wire_shared::ChannelKind;

#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Channel {
    Chat,
    Log,
}

fn main() {}
