//! Compile test: a variant with fields is an error.

use push_wire_shared::ChannelKind;

#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Channel {
    #[channel(system)]
    System,
    Chat(u8),
    Room { name: u8 },
}

fn main() {}
