use push_wire_shared::ChannelKind;

#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Channel;

fn main() {}
