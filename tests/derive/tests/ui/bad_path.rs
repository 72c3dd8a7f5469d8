//! Compile test: an attribute of the enum other than `crate` is an error.

use push_wire_shared::ChannelKind;

#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[channel(name = "x")]
enum Channel {
    #[channel(system)]
    System,
}

fn main() {}
