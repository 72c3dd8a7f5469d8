//! Compile test: two channels with one wire id are an error.

use push_wire_shared::ChannelKind;

#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Channel {
    #[channel(system)]
    System,
    Chat,
    #[channel(id = 1)]
    Log,
}

fn main() {}
