//! Compile test: two system channels are an error.

use push_wire_shared::ChannelKind;

#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Channel {
    #[channel(system)]
    System,
    #[channel(system)]
    Control,
}

fn main() {}
