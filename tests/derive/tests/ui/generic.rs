//! Compile test: an enum with type parameters is an error.

use push_wire_shared::ChannelKind;

#[derive(ChannelKind, Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Channel<T> {
    #[channel(system)]
    System,
    Chat(T),
}

fn main() {}
