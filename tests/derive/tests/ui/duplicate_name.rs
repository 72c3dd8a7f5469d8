//! Compile test: two channels with one name are an error.

use push_wire_shared::ChannelKind;

#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Channel {
    #[channel(system)]
    System,
    Chat,
    #[channel(name = "chat")]
    Log,
}

fn main() {}
