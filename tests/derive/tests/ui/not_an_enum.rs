//! Compile test: a struct in place of an enum is an error.

use push_wire_shared::ChannelKind;

#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Channel;

fn main() {}
